package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;

/**
 * How what Penumbra is compared with notices failures, and how well an oracle predicts them.
 * Penumbra's own detector is set where it is in production: in the control loop's settings.
 */
public record DetectionSpec(
    @Setting("evacuation baseline: how long a host must be silent before its VMs are moved")
        Duration evacuateAfter,
    @Setting("restart baseline: how long a host must be silent before its VMs are restarted")
        Duration restartAfter,
    @Setting("how long after a guest crash a probe notices") Duration guestProbeInterval,
    @Setting("how far ahead the risk model looks") Duration riskHorizon,
    @Setting("oracle risk model: share of its alarms that a failure follows")
        double oraclePrecision,
    @Setting("oracle risk model: share of the failures that it announces") double oracleRecall,
    @Setting("oracle risk model: how long before the failure it raises its score")
        Duration oracleLead) {

  public static final DetectionSpec DEFAULT =
      new DetectionSpec(
          Duration.ofSeconds(180),
          Duration.ofSeconds(18),
          Duration.ofSeconds(5),
          Duration.ofHours(24),
          0.6,
          0.5,
          Duration.ofHours(2));

  public DetectionSpec {
    Require.notNegative("evacuateAfter", evacuateAfter);
    Require.notNegative("restartAfter", restartAfter);
    Require.positive("guestProbeInterval", guestProbeInterval);
    Require.positive("riskHorizon", riskHorizon);
    Guard.share("oraclePrecision", oraclePrecision);
    Guard.positive("oraclePrecision", oraclePrecision);
    Guard.share("oracleRecall", oracleRecall);
    Require.notNegative("oracleLead", oracleLead);
  }
}
