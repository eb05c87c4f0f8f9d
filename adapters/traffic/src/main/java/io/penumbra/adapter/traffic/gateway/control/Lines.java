package io.penumbra.adapter.traffic.gateway.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.traffic.gateway.Comparison;
import io.penumbra.adapter.traffic.gateway.Cut;
import io.penumbra.adapter.traffic.gateway.GatewayMetrics;
import io.penumbra.adapter.traffic.gateway.Hold;
import io.penumbra.adapter.traffic.gateway.Listening;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Optional;

/** JSON on lines, both ways. An answer is {@code {"is": kind, ...}}. */
final class Lines {

  static final int LINE_MAX = 64 << 10;

  private static final ObjectMapper JSON = new ObjectMapper();

  private Lines() {}

  /** Reads a line without its end; empty at the end of the stream. */
  static Optional<String> read(InputStream in) throws IOException {
    byte[] line = new byte[LINE_MAX];
    int length = 0;
    for (int b = in.read(); b >= 0; b = in.read()) {
      if (b == '\n') {
        return Optional.of(new String(line, 0, length, UTF_8));
      }
      if (length == LINE_MAX) {
        throw new IOException("a line of more than %d bytes".formatted(LINE_MAX));
      }
      line[length++] = (byte) b;
    }
    return Optional.empty();
  }

  static void write(OutputStream out, String line) throws IOException {
    out.write((line + "\n").getBytes(UTF_8));
    out.flush();
  }

  static String order(Order order) {
    ObjectNode node = JSON.createObjectNode();
    node.put("do", order.what().name().toLowerCase(Locale.ROOT).replace('_', '-'));
    order.waitMillis().ifPresent(value -> node.put("waitMillis", value));
    order.epoch().ifPresent(value -> node.put("epoch", value));
    order.term().ifPresent(value -> node.put("term", value));
    order.backend().ifPresent(value -> node.put("backend", value));
    order.why().ifPresent(value -> node.put("why", value));
    order.token().ifPresent(value -> node.put("token", value));
    return node.toString();
  }

  /**
   * Understands an order.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static Order order(String line) {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
    }
    String what = node.path("do").asText().toUpperCase(Locale.ROOT).replace('-', '_');
    return new Order(
        Order.What.valueOf(what),
        number(node, "waitMillis"),
        number(node, "epoch"),
        number(node, "term"),
        text(node, "backend"),
        text(node, "why"),
        text(node, "token"));
  }

  private static Optional<Long> number(JsonNode node, String field) {
    return node.hasNonNull(field) ? Optional.of(node.get(field).asLong()) : Optional.empty();
  }

  private static Optional<String> text(JsonNode node, String field) {
    return node.hasNonNull(field) ? Optional.of(node.get(field).asText()) : Optional.empty();
  }

  static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IllegalArgumentException("'%s' is no address; expected host:port".formatted(text));
    }
    String host = text.substring(0, colon).replaceAll("^\\[|]$", "");
    return new InetSocketAddress(host, Integer.parseInt(text.substring(colon + 1)));
  }

  static String address(InetSocketAddress address) {
    return address.getHostString() + ":" + address.getPort();
  }

  static String answer(String is, Object value) {
    ObjectNode node = JSON.createObjectNode();
    node.put("is", is);
    node.setAll((ObjectNode) JSON.valueToTree(value));
    return node.toString();
  }

  static String error(String why) {
    return JSON.createObjectNode().put("is", "error").put("why", why).toString();
  }

  static String done(int released) {
    return JSON.createObjectNode().put("is", "done").put("released", released).toString();
  }

  static String answer(Hold hold) {
    return switch (hold) {
      case Hold.Held held -> answer("held", held);
      case Hold.Refused refused -> answer("refused", refused);
    };
  }

  static String answer(Cut cut) {
    return switch (cut) {
      case Cut.Taken taken -> answer("taken", taken);
      case Cut.Lapsed lapsed -> answer("lapsed", lapsed);
    };
  }

  static String answer(TakeoverOutcome outcome) {
    return switch (outcome) {
      case TakeoverOutcome.Done done -> answer("done", done);
      case TakeoverOutcome.Refused refused -> answer("refused", refused);
      case TakeoverOutcome.Failed failed -> answer("failed", failed);
    };
  }

  static String answer(Listening listening) {
    return switch (listening) {
      case Listening.Since since -> answer("since", since);
      case Listening.Refused refused -> answer("refused", refused);
    };
  }

  static String answer(Comparison comparison) {
    return switch (comparison) {
      case Comparison.Done done -> answer("done", done);
      case Comparison.Refused refused -> answer("refused", refused);
    };
  }

  static Listening listening(JsonNode node) throws IOException {
    return is(node, "since") ? as(node, Listening.Since.class) : as(node, Listening.Refused.class);
  }

  static Comparison comparison(JsonNode node) throws IOException {
    return is(node, "done") ? as(node, Comparison.Done.class) : as(node, Comparison.Refused.class);
  }

  static JsonNode answer(String line) throws IOException {
    JsonNode node = JSON.readTree(line);
    if (node.path("is").asText().equals("error")) {
      throw new IOException("the gateway says: " + node.path("why").asText());
    }
    return node;
  }

  private static <T> T as(JsonNode node, Class<T> type) throws IOException {
    ObjectNode plain = node.deepCopy();
    plain.remove("is");
    plain.remove("quiet");
    return JSON.treeToValue(plain, type);
  }

  static Hold hold(JsonNode node) throws IOException {
    return is(node, "held") ? as(node, Hold.Held.class) : as(node, Hold.Refused.class);
  }

  static Cut cut(JsonNode node) throws IOException {
    return is(node, "taken") ? as(node, Cut.Taken.class) : as(node, Cut.Lapsed.class);
  }

  static TakeoverOutcome takeover(JsonNode node) throws IOException {
    if (is(node, "done")) {
      return as(node, TakeoverOutcome.Done.class);
    }
    return is(node, "refused")
        ? as(node, TakeoverOutcome.Refused.class)
        : as(node, TakeoverOutcome.Failed.class);
  }

  static GatewayMetrics metrics(JsonNode node) throws IOException {
    return as(node, GatewayMetrics.class);
  }

  private static boolean is(JsonNode node, String kind) {
    return node.path("is").asText().equals(kind);
  }
}
