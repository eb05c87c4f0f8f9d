package io.penumbra.simulator.workload;

import io.penumbra.domain.ProjectId;
import io.penumbra.domain.VmId;
import java.time.Duration;
import java.util.Optional;

/**
 * One VM of the workload.
 *
 * @param index from 0, in the order of arrival
 * @param at when it arrives, from the start of the run
 * @param lifetime how long it stays; empty when it stays to the end of the run
 */
public record VmArrival(
    int index,
    VmId id,
    ProjectId project,
    Flavor flavor,
    Duration at,
    Optional<Duration> lifetime) {}
