package io.penumbra.placement.risk;

import java.util.Optional;

/** Where placement takes risk from: a model, or nowhere for a stated reason. */
public sealed interface RiskSource {

  /** What a decision says about risk: empty when it was taken into account. */
  Optional<String> note();

  /** Risk comes from this model. */
  record Scored(RiskModel model) implements RiskSource {
    @Override
    public Optional<String> note() {
      return Optional.empty();
    }
  }

  /**
   * Placement goes on without risk, and says so in every decision.
   *
   * @param reason why there is none
   * @param advice what an operator does about it
   */
  record NoRisk(String reason, String advice) implements RiskSource {
    @Override
    public Optional<String> note() {
      return Optional.of("decided without risk: " + reason + "; " + advice);
    }
  }
}
