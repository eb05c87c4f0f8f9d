package io.penumbra.simulator.run;

import io.penumbra.domain.Vm;
import io.penumbra.simulator.scenario.VmSync;
import java.time.Duration;
import java.util.Optional;

/**
 * A VM that somebody asks for.
 *
 * @param number its place in the workload
 * @param sync what it writes and ships
 * @param lifetime how long it is wanted; empty when to the end
 * @param seed decides where it goes between hosts that are equally good
 */
public record Wish(int number, Vm vm, VmSync sync, Optional<Duration> lifetime, long seed) {}
