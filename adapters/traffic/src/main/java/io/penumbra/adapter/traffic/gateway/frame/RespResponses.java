package io.penumbra.adapter.traffic.gateway.frame;

/** Responses of Redis in RESP2 and RESP3, nested as they come. */
public final class RespResponses implements ResponseFramer {

  private static final long LENGTH_MAX = 1L << 32;
  private static final int LINE_MAX = 64 << 20;

  private enum State {
    TYPE,
    LINE,
    LENGTH,
    COUNT,
    BODY
  }

  private final DecimalLine number = new DecimalLine();
  private State state = State.TYPE;
  private Progress progress = Progress.OPEN;
  private String complaint = "";

  /** How many values are still to come until the outermost one is whole. */
  private long open = 1;

  private long body;
  private int line;
  private boolean cr;
  private byte type;
  private boolean first = true;
  private boolean unasked;

  @Override
  public int feed(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to && progress == Progress.OPEN) {
      if (state == State.BODY) {
        int some = (int) Math.min(body, to - at);
        at += some;
        body -= some;
        if (body == 0) {
          valueEnds();
        }
      } else {
        take(bytes[at++]);
      }
    }
    return at;
  }

  private void take(byte b) {
    switch (state) {
      case TYPE -> type(b);
      case LINE -> line(b);
      case LENGTH -> length(b);
      case COUNT -> count(b);
      case BODY -> throw new IllegalStateException("a body is skipped, not read");
    }
  }

  private void type(byte b) {
    if (first) {
      first = false;
      unasked = b == '>';
    }
    type = b;
    number.reset();
    line = 0;
    cr = false;
    switch (b) {
      case '+', '-', ':', '_', '#', ',', '(' -> state = State.LINE;
      case '$', '!', '=' -> state = State.LENGTH;
      case '*', '~', '%', '|', '>' -> state = State.COUNT;
      default -> broken("no RESP type: byte " + (b & 0xff));
    }
  }

  private void line(byte b) {
    if (cr && b == '\n') {
      valueEnds();
    } else if (++line > LINE_MAX) {
      broken("a line of more than 64 MiB");
    } else {
      cr = b == '\r';
    }
  }

  private void length(byte b) {
    switch (number.feed(b)) {
      case OPEN -> {}
      case BROKEN -> broken("not a length");
      case WHOLE -> {
        if (number.value() > LENGTH_MAX || number.value() < -1) {
          broken("a length of " + number.value());
        } else if (number.value() < 0) {
          valueEnds();
        } else {
          body = number.value() + 2;
          state = State.BODY;
        }
      }
    }
  }

  private void count(byte b) {
    switch (number.feed(b)) {
      case OPEN -> {}
      case BROKEN -> broken("not a count");
      case WHOLE -> {
        if (number.value() > LENGTH_MAX || number.value() < -1) {
          broken("a count of " + number.value());
        } else {
          long count = Math.max(0, number.value());
          // Attributes come before the value that they belong to, and don't count as one.
          open +=
              switch (type) {
                case '%' -> 2 * count;
                case '|' -> 2 * count + 1;
                default -> count;
              };
          valueEnds();
        }
      }
    }
  }

  private void valueEnds() {
    state = State.TYPE;
    if (--open == 0) {
      progress = Progress.WHOLE;
    }
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
  public void answering(Request request) {}

  @Override
  public boolean unasked() {
    return unasked;
  }

  @Override
  public boolean distinctive() {
    return true;
  }

  @Override
  public boolean switched() {
    return false;
  }

  @Override
  public boolean endsWithConnection() {
    return false;
  }

  @Override
  public boolean last() {
    return false;
  }

  @Override
  public void reset() {
    state = State.TYPE;
    progress = Progress.OPEN;
    complaint = "";
    open = 1;
    first = true;
    unasked = false;
  }
}
