package io.penumbra.domain.fleet;

/** A trait of the hardware in which a primary and its shadow can be made to differ. */
public enum HardwareAspect {
  VENDOR,
  CPU_GENERATION,
  FIRMWARE,
  HYPERVISOR;

  /** The value of this aspect in a profile. */
  public String of(HardwareProfile profile) {
    return switch (this) {
      case VENDOR -> profile.vendor();
      case CPU_GENERATION -> profile.cpuGeneration();
      case FIRMWARE -> profile.firmware();
      case HYPERVISOR -> profile.hypervisor();
    };
  }
}
