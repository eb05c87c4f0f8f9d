package io.penumbra.simulator.world;

import io.penumbra.simulator.scenario.TimingSpec;
import java.time.Duration;

/**
 * How the world's agents, hosts and adapters behave when nothing is wrong.
 *
 * @param timing latencies, leases and clocks
 * @param callTimeout after which an adapter gives up on an agent's answer
 * @param hostBoot a host's boot
 * @param cloudNotices until the cloud's own books show a dead host as down
 * @param crewPowersOn until somebody switches a fenced but healthy host on again
 * @param guestProbe how often a guest is looked at by its agent
 * @param rebootsUnprotected whether the cloud starts guests again that nobody protects, in place:
 *     after a crash, and when their host is back
 */
public record WorldSpec(
    TimingSpec timing,
    Duration callTimeout,
    Duration hostBoot,
    Duration cloudNotices,
    Duration crewPowersOn,
    Duration guestProbe,
    boolean rebootsUnprotected) {

  /** An ordinary cloud with these timings. */
  public static WorldSpec of(TimingSpec timing) {
    return new WorldSpec(
        timing,
        Duration.ofSeconds(10),
        Duration.ofMinutes(3),
        Duration.ofSeconds(90),
        Duration.ofMinutes(10),
        Duration.ofSeconds(5),
        true);
  }
}
