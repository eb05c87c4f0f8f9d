package io.penumbra.placement.weigher;

import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.placement.fleet.HostAttribute;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.PairWeigher;
import java.util.Optional;

/**
 * Scores 1 when two hosts share a CPU generation, else 0. A negative multiplier, the default, keeps
 * primary and shadow apart in it.
 */
public final class SharedCpuGenerationWeigher implements PairWeigher {

  @Override
  public String name() {
    return "shared-cpu-generation";
  }

  @Override
  public double defaultMultiplier() {
    return -0.1;
  }

  @Override
  public double shared(HostView one, HostView other) {
    return one.sharesHardware(other, HardwareAspect.CPU_GENERATION) ? 1 : 0;
  }

  @Override
  public Optional<HostAttribute> attribute() {
    return Optional.of(HostAttribute.CPU_GENERATION);
  }
}
