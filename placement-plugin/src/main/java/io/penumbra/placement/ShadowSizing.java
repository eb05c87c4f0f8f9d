package io.penumbra.placement;

import io.penumbra.domain.Guard;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;

/**
 * How much of a VM's size its shadow holds for itself; the rest is shared reserve. Every share is
 * what a calm shadow holds (growth 0); at growth 1 a warm shadow holds everything and a cold one
 * its whole disk.
 *
 * @param warmCpu share of the vCPUs; an instance that waits needs next to none
 * @param warmMemory share of the memory
 * @param warmDisk share of the disk
 * @param coldDisk share of the disk that a cold shadow keeps near, besides the chunk store
 */
public record ShadowSizing(double warmCpu, double warmMemory, double warmDisk, double coldDisk) {

  public ShadowSizing {
    Guard.share("warmCpu", warmCpu);
    Guard.share("warmMemory", warmMemory);
    Guard.share("warmDisk", warmDisk);
    Guard.share("coldDisk", coldDisk);
  }

  /** Warm: no vCPU, half the memory (the pages in use), the whole disk. Cold: nothing. */
  public static ShadowSizing defaults() {
    return new ShadowSizing(0, 0.5, 1, 0);
  }

  /**
   * What a shadow holds for itself alone.
   *
   * @param growth 0 calm to 1 about to be promoted
   */
  public Resources resident(ShadowMode mode, Resources size, double growth) {
    Guard.share("growth", growth);
    return switch (mode) {
      case NONE -> Resources.NONE;
      case COLD -> new Resources(0, 0, part(size.diskGib(), coldDisk, growth));
      case WARM ->
          new Resources(
              (int) part(size.vcpus(), warmCpu, growth),
              part(size.memoryMib(), warmMemory, growth),
              part(size.diskGib(), warmDisk, growth));
    };
  }

  /** What a shadow needs besides when it is promoted: the VM's size less the resident part. */
  public Resources reserve(ShadowMode mode, Resources size, double growth) {
    return mode == ShadowMode.NONE ? Resources.NONE : size.minus(resident(mode, size, growth));
  }

  private static long part(long whole, double calm, double growth) {
    return (long) Math.ceil(whole * (calm + (1 - calm) * growth));
  }
}
