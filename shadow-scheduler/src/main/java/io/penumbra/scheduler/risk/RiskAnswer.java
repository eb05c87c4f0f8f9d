package io.penumbra.scheduler.risk;

/** What one VM's risk is answered with. */
public sealed interface RiskAnswer {

  /** Below the policy's check threshold. */
  record Ignore() implements RiskAnswer {}

  /** The shadow is grown and kept fresher, and the host is looked at again. */
  record CheckAgain(String why) implements RiskAnswer {}

  /**
   * Moving now is cheaper than waiting.
   *
   * @param expectedOutageCost probability times cost of the outage
   * @param moveCost cost of moving
   */
  record Act(double expectedOutageCost, double moveCost) implements RiskAnswer {}
}
