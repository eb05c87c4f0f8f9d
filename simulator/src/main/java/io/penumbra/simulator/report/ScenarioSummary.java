package io.penumbra.simulator.report;

import java.time.Duration;

/**
 * What was simulated.
 *
 * @param name of the scenario: a file's name or {@code flags}
 * @param length simulated time
 * @param vms how many VMs arrived
 * @param hostFailures failures of hosts, those in common-cause failures counted one by one
 * @param commonCauseFailures how many of them were part of a failure of a chassis, a rack, a power
 *     feed or a firmware cohort
 * @param vmSource where the arrivals come from: a trace's name, or the generator
 * @param failureSource where the failure law comes from
 * @param riskSource which risk model ran, or why none did
 */
public record ScenarioSummary(
    String name,
    int hosts,
    int racks,
    int powerFeeds,
    Duration length,
    long vms,
    long hostFailures,
    long commonCauseFailures,
    String vmSource,
    String failureSource,
    String riskSource) {

  public ScenarioSummary {
    if (hosts < 1 || length.isNegative() || length.isZero()) {
      throw new IllegalArgumentException(
          "scenario of %d hosts and %s; expected at least one host and some time"
              .formatted(hosts, length));
    }
  }
}
