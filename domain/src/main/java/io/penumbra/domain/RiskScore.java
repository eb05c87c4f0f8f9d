package io.penumbra.domain;

import java.time.Duration;
import java.util.List;

/**
 * Calibrated probability that a host fails within a horizon, with the features that drove it.
 *
 * @param probability 0 to 1
 * @param horizon how far ahead the probability looks
 * @param drivers the largest contributions, largest first; empty when the model gives none
 * @param model name and version of the model that said so
 */
public record RiskScore(
    double probability, Duration horizon, List<RiskDriver> drivers, String model) {

  public RiskScore {
    Guard.share("risk probability", probability);
    drivers = List.copyOf(drivers);
  }

  /**
   * One feature's part in a score.
   *
   * @param feature the feature's name
   * @param value the feature's value
   * @param contribution signed contribution to the margin, in log-odds (SHAP, Lundberg and Lee
   *     2017)
   */
  public record RiskDriver(String feature, double value, double contribution) {}
}
