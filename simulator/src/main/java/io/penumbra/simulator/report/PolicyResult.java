package io.penumbra.simulator.report;

import io.penumbra.domain.Guard;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

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
   * @param misses VMs whose host failed and that no failover saved, by why not
   */
  public record Failovers(long trueOnes, long falseOnes, Map<Miss, Long> misses) {
    public Failovers {
      Guard.notNegative("true failovers", trueOnes);
      Guard.notNegative("false failovers", falseOnes);
      Map<Miss, Long> ordered = new EnumMap<>(Miss.class);
      ordered.putAll(misses);
      ordered.forEach((why, count) -> Guard.notNegative("missed because " + why.words(), count));
      misses = Collections.unmodifiableMap(ordered);
    }

    /** How many were missed, whatever the reason. */
    public long missed() {
      return misses.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** Why no failover saved a VM whose host had failed; the most telling reason that holds. */
  public enum Miss {
    /** The policy wants no other answer. */
    WAITS("the policy waits for the repair"),
    /** No host had room for a shadow before the failure. */
    NO_SHADOW("it had no shadow yet"),
    /** The shadow's first state was still on its way. */
    SHADOW_INCOMPLETE("its shadow was still being filled"),
    /** Whatever had its state was down as well. */
    SHADOW_DOWN("its shadow's host was down, too"),
    /** Neither power-off nor lease gave a proof. */
    NOT_FENCED("nobody could say that the old primary was off"),
    /** The failover breaker was open. */
    HELD_BACK("the breaker held it back"),
    /** There was no room to run in. */
    NO_ROOM("no host had room"),
    /** The outage was shorter than noticing it and acting. */
    BACK_FIRST("its host was back first"),
    /** Nobody wants it any more. */
    TAKEN_AWAY("its owner took it away first"),
    /** The run ended while it was still under way. */
    UNFINISHED("the run ended first");

    private final String words;

    Miss(String words) {
      this.words = words;
    }

    /** For a reader. */
    public String words() {
      return words;
    }
  }
}
