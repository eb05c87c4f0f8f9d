package io.penumbra.placement.weigher;

import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.placement.fleet.HostAttribute;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.PairWeigher;
import java.util.Optional;

/**
 * Scores 1 when two hosts share a firmware version, else 0. A negative multiplier, the default,
 * keeps primary and shadow apart in it.
 */
public final class SharedFirmwareWeigher implements PairWeigher {

  @Override
  public String name() {
    return "shared-firmware";
  }

  @Override
  public double defaultMultiplier() {
    return -0.2;
  }

  @Override
  public double shared(HostView one, HostView other) {
    return one.sharesHardware(other, HardwareAspect.FIRMWARE) ? 1 : 0;
  }

  @Override
  public Optional<HostAttribute> attribute() {
    return Optional.of(HostAttribute.FIRMWARE);
  }
}
