package io.penumbra.adapter.qemu.api;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Function;

/** How the records of this package, and the domain's, look on the wire and in an agent's files. */
public final class AgentJson {

  private static final List<Class<?>> SEALED =
      List.of(
          Command.class,
          Command.CloudCommand.class,
          Command.FenceCommand.class,
          Event.class,
          Outcome.class,
          FencingResult.class);

  private static final JsonMapper MAPPER = mapper();

  private AgentJson() {}

  /** Any value as JSON. */
  public static byte[] write(Object value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("cannot write " + value.getClass().getSimpleName(), e);
    }
  }

  /** Any value as a tree, for whoever writes JSON without knowing our types. */
  public static JsonNode tree(Object value) {
    return MAPPER.valueToTree(value);
  }

  /**
   * A tree as a value.
   *
   * @throws IOException if it is none; says where and what was expected
   */
  public static <T> T read(JsonNode json, Class<T> type) throws IOException {
    T value = MAPPER.treeToValue(json, type);
    if (value == null) {
      throw new IOException("null; expected " + type.getSimpleName());
    }
    return value;
  }

  /**
   * Reads a value.
   *
   * @throws IOException if it is none; says where and what was expected
   */
  public static <T> T read(byte[] json, Class<T> type) throws IOException {
    T value = MAPPER.readValue(json, type);
    if (value == null) {
      throw new IOException("null; expected " + type.getSimpleName());
    }
    return value;
  }

  private static JsonMapper mapper() {
    JsonMapper.Builder builder =
        JsonMapper.builder()
            .addModule(new Jdk8Module())
            .addModule(new JavaTimeModule())
            .addModule(ids())
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);
    for (Class<?> sealed : SEALED) {
      builder.addMixIn(sealed, Named.class);
      register(builder, sealed);
    }
    return builder.build();
  }

  private static void register(JsonMapper.Builder builder, Class<?> sealed) {
    for (Class<?> permitted : sealed.getPermittedSubclasses()) {
      if (permitted.isSealed()) {
        register(builder, permitted);
      } else {
        builder.registerSubtypes(new NamedType(permitted, permitted.getSimpleName()));
      }
    }
  }

  /** Wraps a value of a sealed type in an object whose only key names the record. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.WRAPPER_OBJECT)
  private interface Named {}

  private static SimpleModule ids() {
    SimpleModule module = new SimpleModule("penumbra-agent");
    id(module, VmId.class, VmId::of);
    id(module, HostId.class, HostId::of);
    id(module, CommandId.class, CommandId::of);
    id(module, ProjectId.class, ProjectId::of);
    id(module, FlavorId.class, FlavorId::of);
    id(module, GroupId.class, GroupId::of);
    return module;
  }

  private static <T> void id(SimpleModule module, Class<T> type, Function<String, T> of) {
    module.addSerializer(type, new ToStringSerializer(type));
    module.addDeserializer(type, new IdReader<>(type, of));
  }

  private static final class IdReader<T> extends StdDeserializer<T> {
    private static final long serialVersionUID = 1;
    private final transient Function<String, T> of;

    IdReader(Class<T> type, Function<String, T> of) {
      super(type);
      this.of = of;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      return of.apply(parser.getText());
    }
  }
}
