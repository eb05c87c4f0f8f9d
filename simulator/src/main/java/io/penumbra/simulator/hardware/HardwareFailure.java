package io.penumbra.simulator.hardware;

import io.penumbra.simulator.scenario.FailureCause;
import java.time.Duration;

/**
 * One thing that happens to one host.
 *
 * @param host index of the host
 * @param at when it begins, from the start of the run
 * @param lasts until the host is back, or its guests go on
 * @param slowdown how many times slower everything is; 1 unless the kind is {@code SLOW}
 * @param incident failures with the same cause at work have the same number; unique otherwise
 * @param announced whether telemetry showed signs before
 */
public record HardwareFailure(
    int host,
    Duration at,
    FailureKind kind,
    FailureCause cause,
    Duration lasts,
    double slowdown,
    int incident,
    boolean announced) {

  /** When it is over, from the start of the run. */
  public Duration until() {
    return at.plus(lasts);
  }
}
