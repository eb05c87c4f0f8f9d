package io.penumbra.placement.risk;

/**
 * Turns a margin into a probability that means what it says: {@code 1 / (1 + exp(-(slope * margin +
 * intercept)))} (Platt 1999).
 *
 * <p>Chosen over isotonic regression: it is strictly increasing, so it never ties two hosts that
 * the model told apart; it has two parameters, and a held-out part of a fleet has tens of failures,
 * where isotonic regression overfits (Niculescu-Mizil and Caruana 2005 put the break-even near a
 * thousand); and a sum of contributions to the margin stays a sum after it.
 *
 * @param slope above 0: more margin is never less risk
 */
public record PlattCalibration(double slope, double intercept) {

  private static final int STEPS_MAX = 100;
  private static final double SETTLED = 1e-10;

  public PlattCalibration {
    if (!(slope > 0) || Double.isInfinite(slope) || !Double.isFinite(intercept)) {
      throw new IllegalArgumentException(
          "calibration with slope %s and intercept %s; expected a slope above 0, both finite"
              .formatted(slope, intercept));
    }
  }

  public double probability(double margin) {
    // StrictMath: the same margin is the same probability on every machine.
    return 1 / (1 + StrictMath.exp(-logOdds(margin)));
  }

  public double logOdds(double margin) {
    return slope * margin + intercept;
  }

  /**
   * Fits by Newton's method with step halving on the weighted log loss. The targets are drawn in by
   * one imagined sample of each kind, as Platt does, so that a perfectly separated part does not
   * ask for an infinite slope. A fit that would turn the order around (margins that are worse than
   * chance) keeps slope 1 and only moves the base rate.
   */
  static PlattCalibration fit(float[] margins, boolean[] fails, float[] weights) {
    Fit fit = new Fit(margins, fails, weights);
    fit.run(true);
    if (fit.slope <= 0) {
      fit.slope = 1;
      fit.intercept = 0;
      fit.run(false);
    }
    return new PlattCalibration(fit.slope, fit.intercept);
  }

  /** One fit under way. */
  private static final class Fit {
    private final float[] margins;
    private final float[] weights;
    private final double[] targets;
    private double slope = 1;
    private double intercept;

    Fit(float[] margins, boolean[] fails, float[] weights) {
      this.margins = margins;
      this.weights = weights;
      double failing = 0;
      double surviving = 0;
      for (int i = 0; i < fails.length; i++) {
        failing += fails[i] ? weights[i] : 0;
        surviving += fails[i] ? 0 : weights[i];
      }
      targets = new double[fails.length];
      for (int i = 0; i < fails.length; i++) {
        targets[i] = fails[i] ? (failing + 1) / (failing + 2) : 1 / (surviving + 2);
      }
    }

    void run(boolean moveSlope) {
      double loss = loss(slope, intercept);
      for (int step = 0; step < STEPS_MAX; step++) {
        double before = loss;
        loss = step(moveSlope, before);
        if (before - loss <= SETTLED * Math.abs(before)) {
          return;
        }
      }
    }

    /** One Newton step, halved until it helps; returns the loss that is left. */
    private double step(boolean moveSlope, double loss) {
      double gradientSlope = 0;
      double gradientIntercept = 0;
      double curveSlope = 1e-9;
      double curveIntercept = 1e-9;
      double curveBoth = 0;
      for (int i = 0; i < margins.length; i++) {
        double p = 1 / (1 + StrictMath.exp(-(slope * margins[i] + intercept)));
        double pull = weights[i] * (p - targets[i]);
        double curve = weights[i] * p * (1 - p);
        gradientSlope += pull * margins[i];
        gradientIntercept += pull;
        curveSlope += curve * margins[i] * margins[i];
        curveIntercept += curve;
        curveBoth += curve * margins[i];
      }
      double moveBySlope = 0;
      double moveByIntercept = -gradientIntercept / curveIntercept;
      if (moveSlope) {
        double determinant = curveSlope * curveIntercept - curveBoth * curveBoth;
        moveBySlope =
            -(curveIntercept * gradientSlope - curveBoth * gradientIntercept) / determinant;
        moveByIntercept =
            -(curveSlope * gradientIntercept - curveBoth * gradientSlope) / determinant;
      }
      for (double share = 1; share > 1e-6; share /= 2) {
        double left = loss(slope + share * moveBySlope, intercept + share * moveByIntercept);
        if (left < loss) {
          slope += share * moveBySlope;
          intercept += share * moveByIntercept;
          return left;
        }
      }
      return loss;
    }

    private double loss(double atSlope, double atIntercept) {
      double sum = 0;
      for (int i = 0; i < margins.length; i++) {
        double logOdds = atSlope * margins[i] + atIntercept;
        // log(1 + exp(-x)) without overflow for either sign of x.
        double softplus =
            Math.max(-logOdds, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(logOdds)));
        sum += weights[i] * (softplus + (1 - targets[i]) * logOdds);
      }
      return sum;
    }
  }
}
