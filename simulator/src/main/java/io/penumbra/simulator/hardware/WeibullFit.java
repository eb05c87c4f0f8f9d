package io.penumbra.simulator.hardware;

import io.penumbra.simulator.chance.Weibull;
import java.util.Arrays;

/**
 * A Weibull law fitted to times between failures by maximum likelihood, with those times that only
 * say "longer than this" counted as such (right censoring; Cohen 1965).
 *
 * @param law the fitted law
 * @param failures how many times ended in a failure
 * @param censored how many did not
 * @param hostYears sum of all times
 * @param logLikelihood of the fitted law, times in hours
 * @param exponentialLogLikelihood of the best exponential law, for comparison
 */
public record WeibullFit(
    Weibull law,
    int failures,
    int censored,
    double hostYears,
    double logLikelihood,
    double exponentialLogLikelihood) {

  private static final double HOURS_PER_YEAR = 24 * 365.25;
  private static final double SHAPE_MIN = 0.02;
  private static final double SHAPE_MAX = 50;

  /**
   * Fits. Needs at least two different failure times.
   *
   * @param failedHours times that ended in a failure, each more than 0
   * @param censoredHours times that did not
   */
  public static WeibullFit fit(double[] failedHours, double[] censoredHours) {
    if (Arrays.stream(failedHours).distinct().count() < 2) {
      throw new IllegalArgumentException(
          "%d failures; expected at least 2 with different times".formatted(failedHours.length));
    }
    double low = SHAPE_MIN;
    double high = SHAPE_MAX;
    // The score falls with the shape, from above zero to below it: bisection cannot miss.
    for (int i = 0; i < 50; i++) {
      double middle = (low + high) / 2;
      if (score(middle, failedHours, censoredHours) > 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double shape = (low + high) / 2;
    Weibull law = new Weibull(shape, scale(shape, failedHours, censoredHours));
    Weibull exponential = new Weibull(1, scale(1, failedHours, censoredHours));
    return new WeibullFit(
        law,
        failedHours.length,
        censoredHours.length,
        (Arrays.stream(failedHours).sum() + Arrays.stream(censoredHours).sum()) / HOURS_PER_YEAR,
        logLikelihood(law, failedHours, censoredHours),
        logLikelihood(exponential, failedHours, censoredHours));
  }

  /** Failures per host and year as they were counted. */
  public double failuresPerHostYear() {
    return failures / hostYears;
  }

  private static double score(double shape, double[] failed, double[] censored) {
    double sum = 0;
    double weighted = 0;
    double logs = 0;
    for (double time : failed) {
      double power = Math.pow(time, shape);
      sum += power;
      weighted += power * Math.log(time);
      logs += Math.log(time);
    }
    for (double time : censored) {
      double power = Math.pow(time, shape);
      sum += power;
      weighted += power * Math.log(time);
    }
    return 1 / shape + logs / failed.length - weighted / sum;
  }

  private static double scale(double shape, double[] failed, double[] censored) {
    double sum = 0;
    for (double time : failed) {
      sum += Math.pow(time, shape);
    }
    for (double time : censored) {
      sum += Math.pow(time, shape);
    }
    return Math.pow(sum / failed.length, 1 / shape);
  }

  private static double logLikelihood(Weibull law, double[] failed, double[] censored) {
    double sum = 0;
    for (double time : failed) {
      sum += Math.log(law.hazardPerHour(time)) - Math.pow(time / law.scaleHours(), law.shape());
    }
    for (double time : censored) {
      sum -= Math.pow(time / law.scaleHours(), law.shape());
    }
    return sum;
  }
}
