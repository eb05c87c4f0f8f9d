package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores how much room a host's rack has. A positive multiplier, the default, prefers racks with
 * room, so that racks fill evenly and one rack's failure costs about as much as another's.
 *
 * <p>Raw: share of the rack's effective memory that is free, which is also the scale.
 */
public final class RackBalanceWeigher implements HostWeigher {

  @Override
  public String name() {
    return "rack-balance";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return switch (role) {
      case PRIMARY -> 0.25;
      case SHADOW -> 0.25;
    };
  }

  @Override
  public double raw(HostView host) {
    return host.rackFreeShare();
  }

  @Override
  public double normalise(double raw) {
    return raw;
  }

  @Override
  public boolean looksAtRack() {
    return true;
  }
}
