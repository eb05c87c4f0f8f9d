package io.penumbra.app.serve;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.penumbra.app.ClosestNames;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Reads a configuration; every complaint names file, line and key. */
public final class ConfigFile {

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .build();

  private ConfigFile() {}

  /** Reads a file as a record. */
  public static <T> T read(Path file, Class<T> type) {
    try {
      return YAML.readValue(file.toFile(), type);
    } catch (UnrecognizedPropertyException e) {
      List<String> known =
          e.getKnownPropertyIds() == null
              ? List.of()
              : e.getKnownPropertyIds().stream().map(String::valueOf).sorted().toList();
      List<String> closest = ClosestNames.to(e.getPropertyName(), known);
      throw new BadInputException(
          at(file, e),
          "is unknown; known here: " + String.join(", ", known),
          closest.isEmpty() ? "" : "maybe you meant " + String.join(" or ", closest),
          e);
    } catch (JsonMappingException e) {
      throw new BadInputException(at(file, e), plain(e), "", e);
    } catch (JsonProcessingException e) {
      throw new BadInputException(
          file + line(Optional.ofNullable(e.getLocation())), e.getOriginalMessage(), "", e);
    } catch (IOException e) {
      throw new BadInputException(
          file.toString(), "can't be read: " + e.getMessage(), "name an existing file", e);
    }
  }

  private static String plain(JsonMappingException e) {
    return e.getOriginalMessage().startsWith("Null value for creator property")
            || e.getOriginalMessage().startsWith("Missing")
        ? "is missing"
        : e.getOriginalMessage();
  }

  private static String at(Path file, JsonMappingException e) {
    String path =
        e.getPath().stream()
            .map(step ->
                step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
            .collect(Collectors.joining("."));
    return file + line(Optional.ofNullable(e.getLocation())) + (path.isEmpty() ? "" : ": " + path);
  }

  private static String line(Optional<JsonLocation> location) {
    return location.map(found -> ":" + found.getLineNr()).orElse("");
  }
}
