package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores how many instances a host holds. A positive multiplier stacks instances on few hosts, a
 * negative one, the default, spreads them over many.
 *
 * <p>Raw: primaries and shadows. Scale: n / (n + 16), so 16 instances score one half.
 */
public final class InstancesWeigher implements HostWeigher {

  @Override
  public String name() {
    return "instances";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return switch (role) {
      case PRIMARY -> -0.25;
      case SHADOW -> -0.25;
    };
  }

  @Override
  public double raw(HostView host) {
    return host.primaries() + host.shadows();
  }

  @Override
  public double normalise(double raw) {
    return raw / (raw + HALF);
  }

  private static final double HALF = 16;
}
