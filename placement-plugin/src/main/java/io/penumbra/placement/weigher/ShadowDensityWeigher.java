package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores how many shadows a host holds. A negative multiplier, the default for shadows, spreads
 * them, so that one failure does not end many protections at once; a positive one gathers them on
 * few hosts, which share reserve better.
 *
 * <p>Raw: shadows on the host. Scale: n / (n + 8), so 8 shadows score one half.
 */
public final class ShadowDensityWeigher implements HostWeigher {

  @Override
  public String name() {
    return "shadow-density";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return switch (role) {
      case PRIMARY -> 0;
      case SHADOW -> -0.25;
    };
  }

  @Override
  public double raw(HostView host) {
    return host.shadows();
  }

  @Override
  public double normalise(double raw) {
    return raw / (raw + HALF);
  }

  private static final double HALF = 8;
}
