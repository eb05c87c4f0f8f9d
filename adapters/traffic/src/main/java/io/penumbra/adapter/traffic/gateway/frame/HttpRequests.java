package io.penumbra.adapter.traffic.gateway.frame;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Set;

/** Requests of HTTP/1.0 and 1.1. */
public final class HttpRequests extends HttpFramer implements RequestReader {

  /** Done twice is done once (RFC 9110 9.2.2). */
  private static final Set<String> IDEMPOTENT =
      Set.of("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE");

  private boolean upgrade;
  private boolean wantsEncouragement;

  @Override
  void headIsWhole(HttpHead head) {
    String[] words = head.start().split(" ", -1);
    if (words.length != 3 || words[0].isEmpty() || !words[2].matches("HTTP/1\\.[01]")) {
      broken("no HTTP/1 request line");
      return;
    }
    upgrade = head.has("upgrade") || words[0].equals("CONNECT");
    if (!bodyByHeaders(head)) {
      whole();
    }
    wantsEncouragement =
        progress() == Progress.OPEN && head.list("expect").contains("100-continue");
  }

  @Override
  public boolean nothing() {
    return false;
  }

  @Override
  public boolean wantsEncouragement() {
    boolean wants = wantsEncouragement;
    wantsEncouragement = false;
    return wants;
  }

  @Override
  public Request read(byte[] message) {
    String method = method(message);
    Nature nature =
        upgrade ? Nature.UPGRADE : IDEMPOTENT.contains(method) ? Nature.REPEATABLE : Nature.ONCE;
    return new Request(message, nature, method);
  }

  private static String method(byte[] message) {
    int start = 0;
    while (start < message.length && message[start] <= ' ') {
      start++;
    }
    int end = start;
    while (end < message.length && message[end] > ' ') {
      end++;
    }
    return new String(message, start, end - start, US_ASCII);
  }

  @Override
  public byte[] refusal(String why) {
    String body = "penumbra gateway: " + why + "\n";
    return ("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
            + "Content-Length: "
            + body.length()
            + "\r\n\r\n"
            + body)
        .getBytes(US_ASCII);
  }

  @Override
  public void reset() {
    super.reset();
    upgrade = false;
    wantsEncouragement = false;
  }
}
