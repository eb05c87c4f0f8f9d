package io.penumbra.placement.log;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleDeserializers;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@link Optional} in JSON: the value itself, or {@code null}. */
final class JsonOptional {

  private JsonOptional() {}

  /** Writes the value that is there, by its own type. */
  @SuppressWarnings("rawtypes") // Jackson looks serializers up by raw class
  static final class Writer extends StdSerializer<Optional> {

    private static final long serialVersionUID = 1L;

    Writer() {
      super(Optional.class);
    }

    @Override
    public void serialize(Optional value, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      if (value.isEmpty()) {
        json.writeNull();
      } else {
        Object present = value.get();
        provider
            .findTypedValueSerializer(present.getClass(), true, null)
            .serialize(present, json, provider);
      }
    }
  }

  /** Finds the reader for the type in the optional. */
  static final class Readers extends SimpleDeserializers {

    private static final long serialVersionUID = 1L;

    @Override
    public @Nullable JsonDeserializer<?> findBeanDeserializer(
        JavaType type, DeserializationConfig config, BeanDescription description)
        throws JsonMappingException {
      return type.hasRawClass(Optional.class)
          ? new Reader(type.containedTypeOrUnknown(0))
          : super.findBeanDeserializer(type, config, description);
    }
  }

  private static final class Reader extends StdDeserializer<Optional<?>> {

    private static final long serialVersionUID = 1L;

    private final JavaType content;

    Reader(JavaType content) {
      super(Optional.class);
      this.content = content;
    }

    @Override
    public Optional<?> deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      Object value = context.readValue(parser, content);
      return Optional.of(value);
    }

    @Override
    public Optional<?> getNullValue(DeserializationContext context) {
      return Optional.empty();
    }
  }
}
