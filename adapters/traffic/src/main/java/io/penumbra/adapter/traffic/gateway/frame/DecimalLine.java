package io.penumbra.adapter.traffic.gateway.frame;

import io.penumbra.adapter.traffic.gateway.frame.Framer.Progress;

/** A decimal number that ends with CR LF, as RESP writes its lengths. */
final class DecimalLine {

  private static final int DIGITS_MAX = 12;

  private long value;
  private int digits;
  private boolean negative;
  private boolean signed;
  private boolean cr;

  Progress feed(byte b) {
    if (cr) {
      return b == '\n' && digits > 0 ? Progress.WHOLE : Progress.BROKEN;
    }
    if (b == '\r') {
      cr = true;
      return Progress.OPEN;
    }
    if (digits == 0 && !signed && (b == '-' || b == '+')) {
      signed = true;
      negative = b == '-';
      return Progress.OPEN;
    }
    if (b < '0' || b > '9' || ++digits > DIGITS_MAX) {
      return Progress.BROKEN;
    }
    value = value * 10 + (b - '0');
    return Progress.OPEN;
  }

  long value() {
    return negative ? -value : value;
  }

  void reset() {
    value = 0;
    digits = 0;
    negative = false;
    signed = false;
    cr = false;
  }
}
