package io.penumbra.placement.log;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import java.io.IOException;
import java.time.DateTimeException;
import java.util.function.Function;

/** Reads a value that is written as one string, and says what was expected when it isn't one. */
final class JsonText<T> extends StdScalarDeserializer<T> {

  private static final long serialVersionUID = 1L;

  private final transient Function<String, T> parse;
  private final String expected;

  JsonText(Class<T> type, Function<String, T> parse, String expected) {
    super(type);
    this.parse = parse;
    this.expected = expected;
  }

  @Override
  public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
    if (!parser.hasToken(JsonToken.VALUE_STRING)) {
      return context.reportInputMismatch(this, "expected %s", expected);
    }
    String text = parser.getText();
    try {
      return parse.apply(text);
    } catch (DateTimeException | IllegalArgumentException e) {
      return context.reportInputMismatch(this, "expected %s, found '%s'", expected, text);
    }
  }
}
