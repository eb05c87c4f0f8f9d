package io.penumbra.sync.epoch;

import java.util.Locale;

/**
 * One number of 128 bits for all pages of an epoch: two states with the same root are the same
 * state.
 */
public record StateRoot(long high, long low) {

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%016x%016x", high, low);
  }

  /**
   * Reads what {@link #toString} wrote.
   *
   * @throws IllegalArgumentException if it is not 32 hexadecimal digits
   */
  public static StateRoot parse(String text) {
    if (!text.matches("[0-9a-f]{32}")) {
      throw new IllegalArgumentException(
          "state root '%s'; expected 32 hexadecimal digits".formatted(text));
    }
    return new StateRoot(
        Long.parseUnsignedLong(text.substring(0, 16), 16),
        Long.parseUnsignedLong(text.substring(16), 16));
  }
}
