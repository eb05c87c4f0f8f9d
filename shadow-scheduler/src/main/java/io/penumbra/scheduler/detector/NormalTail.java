package io.penumbra.scheduler.detector;

/**
 * Upper tail of the standard normal distribution, exact enough far out, where phi lives. Abramowitz
 * and Stegun, Handbook of Mathematical Functions, 26.2.11 (series) and 26.2.14 (continued
 * fraction).
 */
final class NormalTail {

  private static final double SERIES_BELOW = 2.5;
  private static final int TERMS = 120;

  private NormalTail() {}

  /** Probability that a standard normal deviate is above {@code z}; never quite 0. */
  static double above(double z) {
    if (z < 0) {
      return 1 - above(-z);
    }
    double density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    double tail = z < SERIES_BELOW ? 0.5 - density * series(z) : density / fraction(z);
    return Math.max(tail, Double.MIN_NORMAL);
  }

  private static double series(double z) {
    double term = z;
    double total = z;
    for (int i = 1; i < TERMS; i++) {
      term *= z * z / (2 * i + 1);
      total += term;
    }
    return total;
  }

  private static double fraction(double z) {
    double value = z;
    for (int i = TERMS; i >= 1; i--) {
      value = z + i / value;
    }
    return value;
  }

  /** The z whose tail is {@code probability}, by bisection: asked once per monitor. */
  static double inverse(double probability) {
    double low = -40;
    double high = 40;
    for (int i = 0; i < 200; i++) {
      double middle = (low + high) / 2;
      if (above(middle) > probability) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }
}
