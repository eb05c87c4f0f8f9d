package io.penumbra.adapter.traffic.gateway.frame;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Requests of Redis clients: arrays of bulk strings, and inline commands (<a
 * href="https://redis.io/docs/latest/develop/reference/protocol-spec/">RESP</a>). Limits are those
 * of Redis.
 */
public final class RespRequests implements RequestReader {

  private static final int INLINE_MAX = 64 << 10;
  private static final long BULK_MAX = 512L << 20;
  private static final long ARGUMENTS_MAX = 1 << 20;

  private enum State {
    START,
    INLINE,
    COUNT,
    DOLLAR,
    LENGTH,
    BODY,
    END
  }

  private final DecimalLine number = new DecimalLine();
  private State state = State.START;
  private Progress progress = Progress.OPEN;
  private String complaint = "";
  private long arguments;
  private long body;
  private int inline;
  private boolean inlineHasText;
  private boolean nothing;

  @Override
  public int feed(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to && progress == Progress.OPEN) {
      if (state == State.BODY) {
        // The line end after a body is counted with it.
        int some = (int) Math.min(body, to - at);
        at += some;
        body -= some;
        if (body == 0) {
          state = State.END;
        }
      } else {
        take(bytes[at++]);
      }
    }
    return at;
  }

  private void take(byte b) {
    switch (state) {
      case START -> start(b);
      case INLINE -> inline(b);
      case COUNT -> count(b);
      case DOLLAR -> {
        if (b == '$') {
          number.reset();
          state = State.LENGTH;
        } else {
          broken("expected '$', got '" + printable(b) + "'");
        }
      }
      case LENGTH -> length(b);
      case BODY -> throw new IllegalStateException("a body is skipped, not read");
      case END -> {
        if (b != '\n') {
          broken("expected a line end after an argument");
        } else {
          argumentEnds();
        }
      }
    }
  }

  private void start(byte b) {
    if (b == '*') {
      number.reset();
      state = State.COUNT;
    } else {
      state = State.INLINE;
      inline(b);
    }
  }

  private void inline(byte b) {
    if (b == '\n') {
      nothing = !inlineHasText;
      progress = Progress.WHOLE;
    } else if (++inline > INLINE_MAX) {
      broken("too big inline request");
    } else if (b > ' ' || b < 0) {
      inlineHasText = true;
    }
  }

  private void count(byte b) {
    switch (number.feed(b)) {
      case OPEN -> {}
      case BROKEN -> broken("invalid multibulk length");
      case WHOLE -> {
        arguments = number.value();
        if (arguments > ARGUMENTS_MAX) {
          broken("invalid multibulk length");
        } else if (arguments <= 0) {
          nothing = true;
          progress = Progress.WHOLE;
        } else {
          state = State.DOLLAR;
        }
      }
    }
  }

  private void length(byte b) {
    switch (number.feed(b)) {
      case OPEN -> {}
      case BROKEN -> broken("invalid bulk length");
      case WHOLE -> {
        if (number.value() < 0 || number.value() > BULK_MAX) {
          broken("invalid bulk length");
        } else {
          body = number.value() + 1;
          state = State.BODY;
        }
      }
    }
  }

  private void argumentEnds() {
    if (--arguments == 0) {
      progress = Progress.WHOLE;
    } else {
      state = State.DOLLAR;
    }
  }

  private static String printable(byte b) {
    return b > ' ' && b < 127 ? String.valueOf((char) b) : "byte " + (b & 0xff);
  }

  private void broken(String why) {
    progress = Progress.BROKEN;
    complaint = why;
  }

  @Override
  public Progress progress() {
    return progress;
  }

  @Override
  public String complaint() {
    return complaint;
  }

  @Override
  public boolean nothing() {
    return nothing;
  }

  @Override
  public boolean wantsEncouragement() {
    return false;
  }

  @Override
  public Request read(byte[] message) {
    return RespCommands.read(message);
  }

  @Override
  public byte[] refusal(String why) {
    byte[] text = ("-ERR Protocol error: " + why + "\r\n").getBytes(UTF_8);
    return why.isEmpty() ? "-ERR Protocol error\r\n".getBytes(US_ASCII) : text;
  }

  @Override
  public void reset() {
    state = State.START;
    progress = Progress.OPEN;
    complaint = "";
    inline = 0;
    inlineHasText = false;
    nothing = false;
  }
}
