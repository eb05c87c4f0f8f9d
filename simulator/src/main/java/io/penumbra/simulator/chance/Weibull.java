package io.penumbra.simulator.chance;

import io.penumbra.domain.Guard;
import java.util.random.RandomGenerator;

/**
 * Weibull law of the time between two failures of one host. A shape below 1 means that the hazard
 * falls with the time since the last failure: what has just failed fails again soon.
 */
public record Weibull(
    @Setting("shape; 1 is the exponential law") double shape,
    @Setting("hours by which 63.2 % have failed") double scaleHours) {

  public Weibull {
    Guard.positive("Weibull shape", shape);
    Guard.positive("Weibull scale in hours", scaleHours);
  }

  /** Mean time between failures in hours. */
  public double meanHours() {
    return scaleHours * gamma(1 + 1 / shape);
  }

  /** Failures per hour at a time since the last failure. */
  public double hazardPerHour(double hours) {
    return shape / scaleHours * Math.pow(hours / scaleHours, shape - 1);
  }

  /** The probability of lasting longer than this. */
  public double survival(double hours) {
    return Math.exp(-Math.pow(hours / scaleHours, shape));
  }

  /** The same law with every time divided by {@code rate}: {@code rate} times as many failures. */
  public Weibull faster(double rate) {
    Guard.positive("rate", rate);
    return new Weibull(shape, scaleHours / rate);
  }

  /** One time between failures, in hours. */
  public double draw(RandomGenerator random) {
    return scaleHours * Math.pow(-Math.log(1 - random.nextDouble()), 1 / shape);
  }

  /**
   * A moment picked at random in the middle of a host's life.
   *
   * @param sinceHours time since the last failure
   * @param untilHours time until the next one
   */
  public record Moment(double sinceHours, double untilHours) {}

  /**
   * Where a host stands when a simulation begins. The interval that covers a random moment is
   * length-biased (Cox, Renewal Theory, 1962): its (x/scale)^shape is Gamma(1 + 1/shape), and the
   * moment falls anywhere in it with equal probability. Starting with a fresh draw instead would
   * make every host newly repaired, which for a shape below 1 is a flood of early failures.
   */
  public Moment drawMoment(RandomGenerator random) {
    double interval = scaleHours * Math.pow(drawGamma(1 + 1 / shape, random), 1 / shape);
    double since = interval * random.nextDouble();
    return new Moment(since, interval - since);
  }

  /** Gamma(shape, 1) for a shape of at least 1 (Marsaglia and Tsang 2000). */
  static double drawGamma(double shape, RandomGenerator random) {
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = 1 + c * x;
      if (v > 0) {
        v = v * v * v;
        double u = 1 - random.nextDouble();
        if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
          return d * v;
        }
      }
    }
  }

  private static double gamma(double x) {
    return org.hipparchus.special.Gamma.gamma(x);
  }
}
