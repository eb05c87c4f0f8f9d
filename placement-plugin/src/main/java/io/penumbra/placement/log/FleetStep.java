package io.penumbra.placement.log;

import io.penumbra.domain.fleet.FleetChange;

/**
 * A change that concerned one VM.
 *
 * @param generation of the fleet after the change
 * @param afterDecision number of the last decision logged before it, 0 for none
 */
public record FleetStep(long generation, long afterDecision, FleetChange change) {}
