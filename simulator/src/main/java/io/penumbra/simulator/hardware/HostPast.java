package io.penumbra.simulator.hardware;

/**
 * What a host had behind it when the run began.
 *
 * @param failures how often it had failed
 * @param hoursSinceRepair since the last failure; NaN when it had never failed
 */
public record HostPast(int failures, double hoursSinceRepair) {}
