package io.penumbra.placement.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import io.penumbra.domain.BadInputException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says in our own words what the JSON parser found wrong: which field, and what was expected. */
final class JsonDamage {

  private JsonDamage() {}

  static BadInputException of(Path file, long line, JsonProcessingException error) {
    String field = error instanceof JsonMappingException mapping ? path(mapping) : "";
    return at(file, line, field, expected(error));
  }

  /**
   * Damage at one place.
   *
   * @param line counts from 1
   * @param field dotted path inside the line, empty when the line as a whole is meant
   */
  static BadInputException at(Path file, long line, String field, String expected) {
    return new BadInputException(
        file + ":" + line + (field.isEmpty() ? "" : ": " + field),
        "expected " + expected,
        "The log is only ever appended to, so the line was changed or the disk damaged it. To go on"
            + " without this part of the log, move the file and its index away.");
  }

  private static String path(JsonMappingException error) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference step : error.getPath()) {
      if (step.getFieldName() == null) {
        path.append('[').append(step.getIndex()).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(step.getFieldName());
      }
    }
    return path.toString();
  }

  private static String expected(JsonProcessingException error) {
    if (error instanceof JsonMappingException
        && error.getCause() instanceof JsonProcessingException syntax) {
      return expected(syntax);
    }
    String told = firstLine(error.getOriginalMessage());
    return switch (error) {
      case UnrecognizedPropertyException unknown ->
          "one of the keys %s; maybe the log was written by another version"
              .formatted(names(unknown.getKnownPropertyIds()));
      case InvalidTypeIdException unknown ->
          "a kind of %s, found '%s'"
              .formatted(unknown.getBaseType().getRawClass().getSimpleName(), unknown.getTypeId());
      case ValueInstantiationException nonsense -> guard(nonsense, told);
      case MismatchedInputException mismatch -> mismatch(mismatch, told);
      case JsonMappingException mapping ->
          "a whole entry: " + firstLine(mapping.getOriginalMessage());
      default ->
          "one whole JSON object on the line: %s (column %d)"
              .formatted(told, error.getLocation() == null ? 0 : error.getLocation().getColumnNr());
    };
  }

  private static String mismatch(MismatchedInputException mismatch, String told) {
    if (told.startsWith("expected ")) {
      return told.substring("expected ".length());
    }
    if (told.startsWith("Missing ") || told.startsWith("Null value for creator property")) {
      return "a value, found none";
    }
    return kind(mismatch.getTargetType()) + " (" + told + ")";
  }

  /** A record's own guard names the value and what would be right. */
  private static String guard(ValueInstantiationException nonsense, String told) {
    Throwable cause = nonsense.getCause();
    return "a value that makes sense: " + (cause == null ? told : cause.getMessage());
  }

  private static String kind(@Nullable Class<?> type) {
    if (type == null) {
      return "another value";
    }
    if (type == int.class || type == long.class) {
      return "a whole number";
    }
    if (type == double.class) {
      return "a number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type == String.class) {
      return "a text";
    }
    if (type.isEnum()) {
      return "one of " + java.util.Arrays.toString(type.getEnumConstants());
    }
    return Collection.class.isAssignableFrom(type) ? "a list" : "an object";
  }

  private static String names(@Nullable Collection<Object> known) {
    return known == null
        ? "[]"
        : known.stream().map(Object::toString).sorted().collect(Collectors.joining(", ", "[", "]"));
  }

  private static String firstLine(@Nullable String message) {
    return message == null ? "" : message.lines().findFirst().orElse("");
  }
}
