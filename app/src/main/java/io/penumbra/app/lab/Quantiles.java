package io.penumbra.app.lab;

import java.util.Arrays;

/** Quantiles of a few numbers. */
record Quantiles(double p50, double p99, double max, int count) {

  /** By the nearest rank, so that every answer is a number that was measured. */
  static Quantiles of(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted.length == 0
        ? new Quantiles(0, 0, 0, 0)
        : new Quantiles(
            at(sorted, 0.5), at(sorted, 0.99), sorted[sorted.length - 1], sorted.length);
  }

  private static double at(double[] sorted, double share) {
    return sorted[(int) Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }
}
