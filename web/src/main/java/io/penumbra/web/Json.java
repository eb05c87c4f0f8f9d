package io.penumbra.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** How values become JSON and back: ISO dates and durations, nothing unknown, nothing missing. */
public final class Json {

  /** The mapper behind all this, for whoever needs trees. */
  public static final JsonMapper MAPPER =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_ABSENT, JsonInclude.Include.NON_ABSENT))
          .build();

  private Json() {}

  /** A value as JSON, in UTF-8. */
  public static byte[] write(Object value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("can't be written as JSON: " + value.getClass(), e);
    }
  }

  /**
   * JSON as a value.
   *
   * @param where what is read, for the error
   * @throws BadInputException naming the field, what was there and what would be right
   */
  public static <T> T read(String where, byte[] json, Class<T> type) {
    try {
      T value = MAPPER.readValue(json, type);
      if (value == null) {
        throw new BadInputException(where, "is null; expected " + type.getSimpleName(), "");
      }
      return value;
    } catch (UnrecognizedPropertyException e) {
      throw new BadInputException(
          at(where, e), "is unknown; known here: %s".formatted(known(e)), "check its spelling", e);
    } catch (JsonMappingException e) {
      throw new BadInputException(at(where, e), reason(e), "", e);
    } catch (JsonProcessingException e) {
      throw new BadInputException(where, "is no JSON: " + e.getOriginalMessage(), "", e);
    } catch (IOException e) {
      throw new BadInputException(where, "can't be read: " + e.getMessage(), "", e);
    }
  }

  /** Sorted, for Jackson keeps them in the order of a hash. */
  private static List<String> known(UnrecognizedPropertyException e) {
    return e.getKnownPropertyIds() == null
        ? List.of()
        : e.getKnownPropertyIds().stream().map(String::valueOf).sorted().toList();
  }

  private static String reason(JsonMappingException e) {
    Throwable cause = e.getCause();
    return cause instanceof RuntimeException && cause.getMessage() != null
        ? cause.getMessage()
        : e.getOriginalMessage();
  }

  private static String at(String where, JsonMappingException e) {
    String path =
        e.getPath().stream()
            .map(step ->
                step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
            .collect(Collectors.joining("."));
    JsonLocation location = e.getLocation();
    String line = location == null ? "" : ":" + location.getLineNr();
    return path.isEmpty() ? where + line : where + line + ": " + path;
  }
}
