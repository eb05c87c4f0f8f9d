package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores the share of a host's memory that is free. A positive multiplier prefers hosts with much
 * free memory (spread), a negative one those with little (stack).
 *
 * <p>Raw: free share of the effective capacity, which is also the scale.
 */
public final class FreeMemoryWeigher implements HostWeigher {

  @Override
  public String name() {
    return "free-memory";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return switch (role) {
      case PRIMARY -> 1.0;
      case SHADOW -> 1.0;
    };
  }

  @Override
  public double raw(HostView host) {
    return (double) host.freeMemoryMib() / Math.max(1, host.capacityMemoryMib());
  }

  @Override
  public double normalise(double raw) {
    return raw;
  }
}
