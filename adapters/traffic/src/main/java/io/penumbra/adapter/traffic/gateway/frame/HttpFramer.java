package io.penumbra.adapter.traffic.gateway.frame;

import java.util.Arrays;
import java.util.List;

/**
 * What HTTP/1.1 requests and responses have in common: a head, then a body by length, in chunks or
 * until the end (RFC 9112). What two readers could take differently is refused, for the server
 * behind the gateway might be the other reader.
 */
abstract class HttpFramer implements Framer {

  private static final int HEAD_MAX = 64 << 10;
  private static final int DIGITS_MAX = 15;

  private enum State {
    HEAD,
    BODY,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_END,
    TRAILER,
    UNTIL_CLOSE
  }

  private State state = State.HEAD;
  private Progress progress = Progress.OPEN;
  private String complaint = "";

  private byte[] head = new byte[1 << 10];
  private int headLength;
  private boolean lastWasHead;

  private long body;
  private boolean chunked;
  private int digits;
  private int trailerLine;
  private int trailer;
  private byte previous;

  /** Reads a head that is whole and chooses one of the bodies below. */
  abstract void headIsWhole(HttpHead head);

  @Override
  public int feed(byte[] bytes, int from, int to) {
    int at = from;
    lastWasHead = state == State.HEAD;
    // A portion is all head or all body.
    while (at < to && progress == Progress.OPEN && (state == State.HEAD) == lastWasHead) {
      switch (state) {
        case BODY -> {
          int some = (int) Math.min(body, to - at);
          at += some;
          body -= some;
          if (body == 0) {
            bodyEnds();
          }
        }
        case UNTIL_CLOSE -> at = to;
        default -> take(bytes[at++]);
      }
    }
    return at;
  }

  private void take(byte b) {
    if (b == '\n' && previous != '\r') {
      broken("a line that ends without CR");
      return;
    }
    switch (state) {
      case HEAD -> head(b);
      case CHUNK_SIZE -> chunkSize(b);
      case CHUNK_EXTENSION -> {
        if (++trailer > HEAD_MAX) {
          broken("a chunk extension of more than 64 KiB");
        } else if (b == '\n') {
          chunkBegins();
        }
      }
      case CHUNK_END -> chunkEnd(b);
      case TRAILER -> trailer(b);
      case BODY, UNTIL_CLOSE -> throw new IllegalStateException("a body is skipped, not read");
    }
    previous = b;
  }

  private void head(byte b) {
    if (headLength == HEAD_MAX) {
      broken("a head of more than 64 KiB");
      return;
    }
    if (headLength == head.length) {
      head = Arrays.copyOf(head, 2 * headLength);
    }
    head[headLength++] = b;
    if (b == '\n' && headEnds()) {
      HttpHead whole = new HttpHead(head, headLength);
      if (whole.complaint().isEmpty()) {
        headIsWhole(whole);
      } else {
        broken(whole.complaint());
      }
    }
  }

  /**
   * An empty line ends a head, unless nothing came before it: then it is left over (RFC 9112 2.2).
   */
  private boolean headEnds() {
    if (headLength < 4 || head[headLength - 3] != '\n') {
      return false;
    }
    for (int i = 0; i < headLength; i++) {
      if (head[i] != '\r' && head[i] != '\n') {
        return true;
      }
    }
    return false;
  }

  private void chunkSize(byte b) {
    int digit = Character.digit((char) b, 16);
    if (digit >= 0 && b >= 0) {
      if (++digits > DIGITS_MAX) {
        broken("a chunk size of more than 15 digits");
      } else {
        body = body * 16 + digit;
      }
    } else if (digits == 0 || (b != '\r' && b != ';' && b != ' ' && b != '\t')) {
      broken("no chunk size");
    } else {
      trailer = 0;
      state = State.CHUNK_EXTENSION;
    }
  }

  private void chunkBegins() {
    if (body == 0) {
      trailerLine = 0;
      trailer = 0;
      state = State.TRAILER;
    } else {
      state = State.BODY;
    }
  }

  private void chunkEnd(byte b) {
    if (b == '\n') {
      nextChunk();
    } else if (b != '\r' || previous == '\r') {
      broken("a chunk that is longer than it says");
    }
  }

  private void nextChunk() {
    body = 0;
    digits = 0;
    state = State.CHUNK_SIZE;
  }

  private void trailer(byte b) {
    if (++trailer > HEAD_MAX) {
      broken("trailers of more than 64 KiB");
    } else if (b == '\n') {
      if (trailerLine == 0) {
        whole();
      }
      trailerLine = 0;
    } else if (b != '\r') {
      trailerLine++;
    }
  }

  private void bodyEnds() {
    if (chunked) {
      previous = 0;
      state = State.CHUNK_END;
    } else {
      whole();
    }
  }

  final void whole() {
    progress = Progress.WHOLE;
  }

  final void bodyUntilClose() {
    state = State.UNTIL_CLOSE;
  }

  final boolean untilClose() {
    return state == State.UNTIL_CLOSE && progress == Progress.OPEN;
  }

  /** Whether the portion taken last belonged to a head. */
  final boolean lastWasHead() {
    return lastWasHead;
  }

  /** Goes on with another head of the same message: after an interim response. */
  final void anotherHead() {
    state = State.HEAD;
    headLength = 0;
    previous = 0;
  }

  /**
   * Chooses the body by the head's own words.
   *
   * @return false if it says nothing of a body
   */
  final boolean bodyByHeaders(HttpHead head) {
    List<String> encodings = head.list("transfer-encoding");
    List<String> lengths = head.list("content-length").stream().distinct().toList();
    if (!encodings.isEmpty()) {
      if (!lengths.isEmpty() || !encodings.equals(List.of("chunked"))) {
        broken("a transfer encoding other than chunked alone, or a length beside it");
        return true;
      }
      chunked = true;
      nextChunk();
      return true;
    }
    if (lengths.isEmpty()) {
      return false;
    }
    String length = lengths.getFirst();
    if (lengths.size() > 1 || !length.matches("\\d{1,15}")) {
      broken("a content length that is no number, or two that differ");
      return true;
    }
    body = Long.parseLong(length);
    if (body == 0) {
      whole();
    } else {
      state = State.BODY;
    }
    return true;
  }

  final void broken(String why) {
    progress = Progress.BROKEN;
    complaint = why;
  }

  @Override
  public final Progress progress() {
    return progress;
  }

  @Override
  public final String complaint() {
    return complaint;
  }

  @Override
  public void reset() {
    anotherHead();
    progress = Progress.OPEN;
    complaint = "";
    body = 0;
    chunked = false;
  }
}
