package io.penumbra.placement.log;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.spi.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;

/**
 * How the lines of a decision log look: one JSON object each, whose only key says what it is.
 *
 * <p>Records become objects with a key per component, ids become strings, durations and instants
 * are written as in ISO 8601, something optional that is not there is {@code null}, and a value of
 * a sealed type is wrapped in an object whose only key names the record. Reading is strict: a key
 * that is missing or unknown is an error, so that a log of another version is never half
 * understood.
 */
final class LogFormat {

  /** Tags that begin like this are Penumbra's own. */
  private static final String OWN_TAG = "penumbra:";

  private static final int BRIEF_MAX = 120;

  private static final List<Class<?>> SEALED =
      List.of(LogLine.class, FleetChange.class, PlacementDecision.Answer.class, Verdict.class);

  private static final JsonMapper MAPPER = mapper();
  private static final ObjectWriter LINES = MAPPER.writerFor(LogLine.class);
  private static final ObjectReader READER = MAPPER.reader();

  private static final ObjectWriter INDEX_LINES = MAPPER.writerFor(SegmentIndex.Line.class);

  private LogFormat() {}

  /** One line without its line feed. */
  static byte[] write(LogLine line) {
    return write(LINES, line);
  }

  /** One line of an index without its line feed. */
  static byte[] write(SegmentIndex.Line line) {
    return write(INDEX_LINES, line);
  }

  private static byte[] write(ObjectWriter writer, Object value) {
    try {
      return writer.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("cannot write " + value, e);
    }
  }

  /** Reads one line; what is wrong with it is said with the place given here. */
  static LogLine readLine(Path file, long number, byte[] bytes) {
    return read(LogLine.class, file, number, bytes);
  }

  /** Reads one line of an index. */
  static SegmentIndex.Line readIndexLine(Path file, long number, byte[] bytes) {
    return read(SegmentIndex.Line.class, file, number, bytes);
  }

  private static <T> T read(Class<T> type, Path file, long number, byte[] bytes) {
    try {
      T value = READER.readValue(bytes, type);
      if (value == null) {
        throw JsonDamage.at(file, number, "", "an object, found null");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw JsonDamage.of(file, number, e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " line " + number, e);
    }
  }

  /** Where two answers first differ, or empty when they are the same to the last bit. */
  static Optional<String> firstDifference(PlacementDecision logged, PlacementDecision again) {
    return firstDifference("", MAPPER.valueToTree(logged), MAPPER.valueToTree(again));
  }

  private static Optional<String> firstDifference(String path, JsonNode logged, JsonNode again) {
    if (logged.equals(again)) {
      return Optional.empty();
    }
    if (logged.isObject() && again.isObject()) {
      for (Map.Entry<String, JsonNode> field : logged.properties()) {
        Optional<String> difference =
            firstDifference(
                path.isEmpty() ? field.getKey() : path + "." + field.getKey(),
                field.getValue(),
                again.path(field.getKey()));
        if (difference.isPresent()) {
          return difference;
        }
      }
    }
    if (logged.isArray() && again.isArray()) {
      for (int i = 0; i < Math.min(logged.size(), again.size()); i++) {
        Optional<String> difference =
            firstDifference(path + "[" + i + "]", logged.get(i), again.get(i));
        if (difference.isPresent()) {
          return difference;
        }
      }
    }
    return Optional.of("%s was %s, now %s".formatted(path, brief(logged), brief(again)));
  }

  private static String brief(JsonNode node) {
    String text = node.isMissingNode() ? "nothing" : node.toString();
    return text.length() <= BRIEF_MAX ? text : text.substring(0, BRIEF_MAX) + "...";
  }

  /** A value as JSON on one line. */
  static String line(Object value) {
    return new String(write(MAPPER.writer(), value), StandardCharsets.UTF_8);
  }

  /** A value as JSON on several lines, for people and other programs. */
  static String pretty(Object value) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("cannot write " + value, e);
    }
  }

  private static JsonMapper mapper() {
    JsonMapper.Builder builder =
        JsonMapper.builder()
            .addModule(values())
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .addMixIn(Vm.class, OwnTagsOnly.class)
            // An empty record such as Pass has no keys and is no mistake.
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);
    for (Class<?> sealed : SEALED) {
      builder.addMixIn(sealed, Named.class);
      for (Class<?> record : sealed.getPermittedSubclasses()) {
        builder.registerSubtypes(new NamedType(record, nameOf(record)));
      }
    }
    return builder.build();
  }

  private static String nameOf(Class<?> record) {
    String name = record.getSimpleName();
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  /** Wraps a value of a sealed type in an object whose only key names the record. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.WRAPPER_OBJECT)
  private interface Named {}

  /**
   * A VM's tags are its owner's and may hold anything, passwords included. Only Penumbra's own are
   * logged; no decision rests on others.
   */
  interface OwnTagsOnly {
    @JsonSerialize(using = OwnTags.class)
    SortedMap<String, String> tags();
  }

  private static final class OwnTags extends StdSerializer<SortedMap<String, String>> {

    private static final long serialVersionUID = 1L;

    OwnTags() {
      super(SortedMap.class, false);
    }

    @Override
    public void serialize(
        SortedMap<String, String> tags, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      json.writeStartObject();
      for (Map.Entry<String, String> tag : tags.entrySet()) {
        if (tag.getKey().startsWith(OWN_TAG)) {
          json.writeStringField(tag.getKey(), tag.getValue());
        }
      }
      json.writeEndObject();
    }
  }

  private static SimpleModule values() {
    SimpleModule module = new SimpleModule("penumbra-decision-log");
    module.setDeserializers(new JsonOptional.Readers());
    module.addSerializer(Optional.class, new JsonOptional.Writer());
    text(module, VmId.class, VmId::new, "a VM id");
    text(module, HostId.class, HostId::new, "a host id");
    text(module, RequestId.class, RequestId::new, "a request id");
    text(module, GroupId.class, GroupId::new, "a group id");
    text(module, ProjectId.class, ProjectId::new, "a project id");
    text(module, FlavorId.class, FlavorId::new, "a flavor id");
    text(module, Instant.class, Instant::parse, "an instant such as 2026-01-31T00:00:00Z");
    text(module, Duration.class, Duration::parse, "a duration such as PT1.5S");
    return module;
  }

  private static <T> void text(
      SimpleModule module, Class<T> type, Function<String, T> parse, String expected) {
    module.addSerializer(type, new ToStringSerializer(type));
    module.addDeserializer(type, new JsonText<>(type, parse, expected));
  }
}
