package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores the share of a host's vCPUs that is free. A positive multiplier prefers hosts with much
 * free CPU (spread), a negative one those with little (stack).
 *
 * <p>Raw: free share of the effective capacity, which is also the scale.
 */
public final class FreeCpuWeigher implements HostWeigher {

  @Override
  public String name() {
    return "free-cpu";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return switch (role) {
      case PRIMARY -> 1.0;
      case SHADOW -> 0.5;
    };
  }

  @Override
  public double raw(HostView host) {
    return (double) host.freeVcpus() / Math.max(1, host.capacityVcpus());
  }

  @Override
  public double normalise(double raw) {
    return raw;
  }
}
