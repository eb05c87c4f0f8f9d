package io.penumbra.sync.path;

/**
 * A local-level Kalman filter over the logarithm of a rate: the level is taken to wander (a random
 * walk), observations to scatter around it. Logarithms, because a path's bandwidth changes by
 * factors. An observation that lies beyond three standard errors is taken for a new level rather
 * than for noise, so that a step (a path that is throttled) is followed at once and a steady path's
 * scatter is averaged out. (Harvey, Forecasting, Structural Time Series Models and the Kalman
 * Filter, 1989, section 2.3.)
 */
public final class LevelFilter {

  private static final double NANOS = 1e9;
  private static final double SURPRISE = 3;

  /** Variance that the level gains per second: about a fifth up or down. */
  private final double wanderPerSecond;

  /** Variance of one observation around the level. */
  private final double scatter;

  private double level;
  private double variance;
  private long at;

  public LevelFilter(double start, double startDeviation, double wander, double scatter, long now) {
    level = Math.log(start);
    variance = startDeviation * startDeviation;
    wanderPerSecond = wander * wander;
    this.scatter = scatter * scatter;
    at = now;
  }

  /**
   * Takes in what was seen.
   *
   * @param weight how many independent observations it is the mean of
   */
  public void observe(double rate, double weight, long now) {
    double seen = Math.log(rate);
    double before = varianceAt(now);
    double noise = scatter / weight;
    double surprise = seen - level;
    if (surprise * surprise > SURPRISE * SURPRISE * (before + noise)) {
      before += surprise * surprise;
    }
    double gain = before / (before + noise);
    level += gain * surprise;
    variance = (1 - gain) * before;
    at = now;
  }

  /** The rate to expect. */
  public double rate() {
    return Math.exp(level);
  }

  /** Standard error of the forecast, relative; it grows while nothing is seen. */
  public double deviation(long now) {
    return Math.sqrt(varianceAt(now));
  }

  private double varianceAt(long now) {
    return variance + wanderPerSecond * Math.max(0, now - at) / NANOS;
  }
}
