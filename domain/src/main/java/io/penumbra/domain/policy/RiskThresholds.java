package io.penumbra.domain.policy;

import io.penumbra.domain.Guard;

/**
 * When a risk score changes what is done for a VM. Both are probabilities within the model's
 * horizon.
 *
 * @param check from here on the shadow is grown and kept fresher
 * @param act from here on a planned migration is weighed against its cost
 */
public record RiskThresholds(double check, double act) {

  public RiskThresholds {
    Guard.share("risk threshold 'check'", check);
    Guard.share("risk threshold 'act'", act);
    if (check > act) {
      throw new IllegalArgumentException(
          "risk threshold 'check' %s is above 'act' %s; maybe they are swapped"
              .formatted(check, act));
    }
  }
}
