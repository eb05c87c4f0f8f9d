package io.penumbra.web;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** What is sent back. */
public record Answer(int status, String contentType, ByteBuffer body, Map<String, String> headers) {

  public Answer {
    headers = Map.copyOf(new TreeMap<>(headers));
  }

  /** 200 with a value. */
  public static Answer ok(Object value) {
    return json(200, value);
  }

  /** A value as JSON. */
  public static Answer json(int status, Object value) {
    return new Answer(status, "application/json", ByteBuffer.wrap(Json.write(value)), Map.of());
  }

  /** 204. */
  public static Answer nothing() {
    return new Answer(204, "", ByteBuffer.allocate(0), Map.of());
  }

  /** 200 with text. */
  public static Answer text(String contentType, String text) {
    return new Answer(
        200, contentType, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), Map.of());
  }

  /** A refusal as of RFC 9457 (problem details for HTTP APIs). */
  public static Answer problem(int status, String code, String detail) {
    return new Answer(
        status,
        "application/problem+json",
        ByteBuffer.wrap(Json.write(new Problem(code, status, detail))),
        Map.of());
  }

  /** The same with one more header. */
  public Answer with(String header, String value) {
    Map<String, String> more = new TreeMap<>(headers);
    more.put(header, value);
    return new Answer(status, contentType, body, more);
  }

  /**
   * A refusal.
   *
   * @param title short and stable, for programs
   * @param detail what was wrong and what would be right, for people
   */
  public record Problem(String title, int status, String detail) {}
}
