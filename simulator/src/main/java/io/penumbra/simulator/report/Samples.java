package io.penumbra.simulator.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A sorted bag of measurements, immutable; the unit is its user's to say. */
public final class Samples {

  public static final Samples EMPTY = new Samples(new double[0]);

  private final double[] sorted;

  private Samples(double[] sorted) {
    this.sorted = sorted;
  }

  /** Copies and sorts; refuses NaN and negative values. */
  public static Samples of(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    if (sorted.length > 0 && (!(sorted[0] >= 0) || Double.isNaN(sorted[sorted.length - 1]))) {
      throw new IllegalArgumentException(
          "samples from %s to %s; expected 0 or more and no NaN"
              .formatted(sorted[0], sorted[sorted.length - 1]));
    }
    return new Samples(sorted);
  }

  public int count() {
    return sorted.length;
  }

  public boolean isEmpty() {
    return sorted.length == 0;
  }

  /** The largest sample; throws when there is none. */
  public double max() {
    return quantile(1);
  }

  /**
   * The smallest sample that at least a share {@code q} of all samples does not exceed (the nearest
   * rank, so it is always a value that was measured); throws when there is none.
   */
  public double quantile(double q) {
    if (sorted.length == 0 || !(q >= 0 && q <= 1)) {
      throw new IllegalArgumentException(
          "quantile %s of %d samples; expected 0 to 1, of at least one"
              .formatted(q, sorted.length));
    }
    return sorted[(int) Math.max(0, Math.ceil(q * sorted.length) - 1)];
  }

  /**
   * The steps of the empirical distribution, at most {@code max} of them: distinct values, each
   * with the share of samples that do not exceed it.
   */
  public List<Step> steps(int max) {
    double[] shares = IntStream.rangeClosed(1, max).mapToDouble(i -> (double) i / max).toArray();
    List<Step> steps = new ArrayList<>();
    if (sorted.length == 0) {
      return steps;
    }
    steps.add(new Step(sorted[0], shareUpTo(sorted[0])));
    for (double share : shares) {
      double value = quantile(share);
      if (value > steps.getLast().value()) {
        steps.add(new Step(value, shareUpTo(value)));
      }
    }
    return steps;
  }

  private double shareUpTo(double value) {
    int at = Arrays.binarySearch(sorted, value);
    while (at + 1 < sorted.length && sorted[at + 1] <= value) {
      at++;
    }
    return (at + 1.0) / sorted.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Samples samples && Arrays.equals(sorted, samples.sorted);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sorted);
  }

  @Override
  public String toString() {
    return sorted.length == 0
        ? "no samples"
        : "%d samples from %s to %s".formatted(sorted.length, sorted[0], sorted[sorted.length - 1]);
  }

  /** A share of all samples is at most this value. */
  public record Step(double value, double share) {}
}
