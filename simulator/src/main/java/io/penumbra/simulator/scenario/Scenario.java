package io.penumbra.simulator.scenario;

import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;
import java.time.Instant;

/**
 * Everything a simulation depends on. Two runs of one scenario are the same, to the last byte.
 *
 * <p>Read one with {@link ScenarioDraft}; the defaults are {@link #DEFAULT}.
 */
public record Scenario(
    @Setting("name of the scenario, for reports") String name,
    @Setting("seed of everything that is drawn; every subsystem has its own stream of it")
        long seed,
    @Setting("virtual time at which the run begins, ISO-8601") Instant start,
    @Setting("how much virtual time passes, for example 30d") Duration duration,
    @Setting("hosts, where they stand and what they are made of") FleetSpec fleet,
    @Setting("VMs: from a trace, or drawn") WorkloadSpec workload,
    @Setting("how VMs are protected") PolicyMix policies,
    @Setting("how hardware and guests fail") HardwareLaws hardware,
    @Setting("how long things take around the control loop") TimingSpec timing,
    @Setting("how shadows are kept current") SyncModel sync,
    @Setting("how the baselines notice failures, and how well an oracle predicts")
        DetectionSpec detection) {

  public static final Scenario DEFAULT =
      new Scenario(
          "default",
          1,
          Instant.parse("2026-01-01T00:00:00Z"),
          Duration.ofDays(30),
          FleetSpec.DEFAULT,
          WorkloadSpec.DEFAULT,
          PolicyMix.DEFAULT,
          HardwareLaws.DEFAULT,
          TimingSpec.DEFAULT,
          SyncModel.DEFAULT,
          DetectionSpec.DEFAULT);

  public Scenario {
    Require.positive("duration", duration);
  }

  /** The same scenario on other hardware laws. */
  public Scenario withHardware(HardwareLaws laws) {
    return new Scenario(
        name, seed, start, duration, fleet, workload, policies, laws, timing, sync, detection);
  }

  /** The same scenario with VMs protected otherwise. */
  public Scenario withPolicies(PolicyMix mix) {
    return new Scenario(
        name, seed, start, duration, fleet, workload, mix, hardware, timing, sync, detection);
  }

  /** The streams of this scenario's seed. */
  public Seeds seeds() {
    return new Seeds(seed);
  }

  /** When the run ends. */
  public Instant end() {
    return start.plus(duration);
  }
}
