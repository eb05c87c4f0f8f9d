package io.penumbra.simulator.run;

import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.simulator.check.Breach;
import io.penumbra.simulator.report.PolicyResult;
import io.penumbra.simulator.report.Timeline;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What one policy did with a scenario.
 *
 * @param simulated virtual time that was run; less than the scenario's when it was stopped
 * @param complete whether the run came to its end
 * @param timeline what happened to the hosts
 * @param failovers the loop's RPO ledger, oldest first; empty for a policy without the loop
 * @param breaches what the checkers found; empty when none were asked to look
 * @param actions how many things happened in virtual time
 */
public record RunResult(
    PolicyVariant variant,
    PolicyResult figures,
    Duration simulated,
    boolean complete,
    Optional<Timeline> timeline,
    List<FailoverRecord> failovers,
    List<Breach> breaches,
    long actions) {

  public RunResult {
    failovers = List.copyOf(failovers);
    breaches = List.copyOf(breaches);
  }
}
