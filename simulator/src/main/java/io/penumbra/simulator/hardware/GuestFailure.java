package io.penumbra.simulator.hardware;

import java.time.Duration;

/**
 * A guest crashes on a healthy host.
 *
 * @param vm index of the VM in the workload
 * @param at when, from the start of the run; always within the VM's stay
 */
public record GuestFailure(int vm, Duration at) {}
