package io.penumbra.placement.weigher;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.placement.fleet.HostAttribute;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.PairWeigher;
import java.util.Optional;

/**
 * Scores 1 when two hosts share a power feed, else 0. A negative multiplier, the default, keeps
 * primary and shadow apart in it.
 */
public final class SharedPowerFeedWeigher implements PairWeigher {

  @Override
  public String name() {
    return "shared-power-feed";
  }

  @Override
  public double defaultMultiplier() {
    return -0.3;
  }

  @Override
  public double shared(HostView one, HostView other) {
    return one.sharesDomain(other, DomainKind.POWER_FEED) ? 1 : 0;
  }

  @Override
  public Optional<HostAttribute> attribute() {
    return Optional.of(HostAttribute.POWER_FEED);
  }
}
