package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostAttribute;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.PairWeigher;
import java.util.Optional;

/**
 * Scores 1 when two hosts share an age cohort (both went into service in the same quarter), else 0.
 * A negative multiplier, the default, keeps primary and shadow apart in it.
 */
public final class SharedAgeCohortWeigher implements PairWeigher {

  @Override
  public String name() {
    return "shared-age-cohort";
  }

  @Override
  public double defaultMultiplier() {
    return -0.1;
  }

  @Override
  public double shared(HostView one, HostView other) {
    return one.sharesCohort(other) ? 1 : 0;
  }

  @Override
  public Optional<HostAttribute> attribute() {
    return Optional.of(HostAttribute.COHORT);
  }
}
