package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;

/** How failures are noticed, by Penumbra and by what it is compared with. */
public record DetectionSpec(
    @Setting(
            "suspicion level from which a host is suspected (phi accrual, Hayashibara et al. 2004)")
        double phi,
    @Setting("heartbeats remembered per host") int window,
    @Setting("pause between heartbeats that is always forgiven") Duration forgivenPause,
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
          8,
          100,
          Duration.ofMillis(500),
          Duration.ofSeconds(180),
          Duration.ofSeconds(18),
          Duration.ofSeconds(5),
          Duration.ofHours(24),
          0.6,
          0.5,
          Duration.ofHours(2));

  public DetectionSpec {
    Guard.positive("phi", phi);
    Require.between("window", window, 2, 100_000);
    Require.notNegative("forgivenPause", forgivenPause);
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
