package io.penumbra.domain;

/**
 * Checks that records make in their constructors. Every message names the value and what would be
 * right.
 */
public final class Guard {

  private Guard() {}

  /** An identifier is 1 to 255 characters with no white space or control characters in it. */
  public static void identifier(String what, String value) {
    if (value.isEmpty() || value.length() > 255) {
      throw new IllegalArgumentException(
          "%s has %d characters; expected 1 to 255".formatted(what, value.length()));
    }
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) <= ' ' || Character.isISOControl(value.charAt(i))) {
        throw new IllegalArgumentException(
            "%s '%s' has a blank or control character at position %d; maybe it was not trimmed"
                .formatted(what, value, i));
      }
    }
  }

  /** Refuses negative amounts. */
  public static void notNegative(String what, long value) {
    if (value < 0) {
      throw new IllegalArgumentException("%s is %d; expected 0 or more".formatted(what, value));
    }
  }

  /** Refuses anything that is not a probability or a share: NaN, below 0, above 1. */
  public static void share(String what, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException("%s is %s; expected 0 to 1".formatted(what, value));
    }
  }

  /** Refuses NaN, infinities and anything below zero or zero itself. */
  public static void positive(String what, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException("%s is %s; expected more than 0".formatted(what, value));
    }
  }
}
