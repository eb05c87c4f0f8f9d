package io.penumbra.simulator.report;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * What one policy did with the scenario.
 *
 * @param name short, unique: {@code warm + predictive}
 * @param description one sentence: what this policy does when a host dies
 * @param vmTime time that VMs asked to run, summed over all that were placed
 * @param downtime the part of it in which they did not serve
 * @param rto one sample per interruption: from the last moment served to the first again
 * @param stateLost what each unplanned interruption cost in state
 * @param extraCapacityShare capacity promised to shadows, over capacity promised to primaries,
 *     averaged over time
 * @param networkGibPerVmDay state sent to shadows
 * @param vmsRefused VMs that no host could take
 */
public record PolicyResult(
    String name,
    String description,
    Kind kind,
    Duration vmTime,
    Duration downtime,
    Samples rto,
    StateLost stateLost,
    Failovers failovers,
    long plannedMigrations,
    double extraCapacityShare,
    double networkGibPerVmDay,
    long vmsPlaced,
    long vmsRefused) {

  private static final double MINUTES_PER_YEAR = 365.25 * 24 * 60;

  public PolicyResult {
    if (vmTime.isNegative() || downtime.isNegative()) {
      throw new IllegalArgumentException(
          "policy %s: VM time %s, downtime %s; expected neither to be negative"
              .formatted(name, vmTime, downtime));
    }
    Guard.notNegative("planned migrations", plannedMigrations);
    Guard.notNegative("VMs placed", vmsPlaced);
    Guard.notNegative("VMs refused", vmsRefused);
  }

  /** The share of asked-for VM time that was served, 0 to 1; 1 when nothing was asked. */
  public double availability() {
    return vmTime.isZero() ? 1 : 1 - seconds(downtime) / seconds(vmTime);
  }

  /** Minutes of downtime in a year of one VM. */
  public double downtimeMinutesPerVmYear() {
    return (1 - availability()) * MINUTES_PER_YEAR;
  }

  /** VM-years observed. */
  public double vmYears() {
    return seconds(vmTime) / 60 / MINUTES_PER_YEAR;
  }

  /** A fleet's VM time is soon more than the 292 years that fit into nanoseconds. */
  private static double seconds(Duration duration) {
    return duration.getSeconds() + duration.getNano() / 1e9;
  }

  /** What a policy is in the comparison. */
  public enum Kind {
    /** What others do, or nothing. */
    BASELINE,
    /** What Penumbra does. */
    PENUMBRA,
    /** What nobody can beat: it knows the future. */
    BOUND
  }

  /** What interruptions cost in state. */
  public sealed interface StateLost {}

  /** State older than this was kept, in seconds, one sample per unplanned interruption. */
  public record Recent(Samples seconds) implements StateLost {}

  /** The memory of the guest is gone: it boots again from its disk. */
  public record AllMemorySinceBoot() implements StateLost {}

  /**
   * How well it was known what fails.
   *
   * @param trueOnes VMs moved whose host did fail
   * @param falseOnes VMs moved off a host that was well
   * @param missed VMs whose host failed and that no failover saved
   */
  public record Failovers(long trueOnes, long falseOnes, long missed) {
    public Failovers {
      Guard.notNegative("true failovers", trueOnes);
      Guard.notNegative("false failovers", falseOnes);
      Guard.notNegative("missed failovers", missed);
    }
  }
}
