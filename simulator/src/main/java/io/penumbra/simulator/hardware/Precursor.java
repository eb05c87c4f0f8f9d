package io.penumbra.simulator.hardware;

import io.penumbra.simulator.scenario.FailureCause;
import java.time.Duration;

/**
 * Signs in a host's telemetry, whether or not a failure follows.
 *
 * @param host index of the host
 * @param cause what the signs look like
 * @param from when they begin, from the start of the run; negative when they began before it
 * @param until when they end: at the failure, or when they fade
 * @param strength 1 is usual, less is fainter
 * @param real whether a failure follows
 */
public record Precursor(
    int host, FailureCause cause, Duration from, Duration until, double strength, boolean real) {}
