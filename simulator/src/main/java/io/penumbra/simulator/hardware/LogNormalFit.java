package io.penumbra.simulator.hardware;

import io.penumbra.simulator.chance.LogNormal;

/**
 * A lognormal law fitted by maximum likelihood: mean and deviation of the logarithms.
 *
 * @param law the fitted law
 * @param values how many values it rests on
 * @param dropped how many were not above 0 and left out
 */
public record LogNormalFit(LogNormal law, int values, int dropped) {

  /** Fits. Needs at least two values above 0. */
  public static LogNormalFit fit(double[] values) {
    int used = 0;
    double sum = 0;
    double squares = 0;
    for (double value : values) {
      if (value > 0) {
        double log = Math.log(value);
        used++;
        sum += log;
        squares += log * log;
      }
    }
    if (used < 2) {
      throw new IllegalArgumentException("%d values above 0; expected at least 2".formatted(used));
    }
    double mean = sum / used;
    double variance = Math.max(0, squares / used - mean * mean);
    return new LogNormalFit(
        new LogNormal(Math.exp(mean), Math.sqrt(variance)), used, values.length - used);
  }
}
