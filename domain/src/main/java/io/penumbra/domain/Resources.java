package io.penumbra.domain;

/**
 * An amount of a host's capacity.
 *
 * @param vcpus virtual CPUs
 * @param memoryMib memory in MiB
 * @param diskGib local disk in GiB
 */
public record Resources(int vcpus, long memoryMib, long diskGib) {

  public static final Resources NONE = new Resources(0, 0, 0);

  public Resources {
    Guard.notNegative("vcpus", vcpus);
    Guard.notNegative("memoryMib", memoryMib);
    Guard.notNegative("diskGib", diskGib);
  }

  public Resources plus(Resources other) {
    return new Resources(
        Math.addExact(vcpus, other.vcpus),
        Math.addExact(memoryMib, other.memoryMib),
        Math.addExact(diskGib, other.diskGib));
  }

  /** The difference; throws when {@code other} is more than this, in any dimension. */
  public Resources minus(Resources other) {
    if (!other.fitsIn(this)) {
      throw new IllegalArgumentException("cannot take %s from %s".formatted(other, this));
    }
    return new Resources(vcpus - other.vcpus, memoryMib - other.memoryMib, diskGib - other.diskGib);
  }

  public boolean fitsIn(Resources room) {
    return vcpus <= room.vcpus && memoryMib <= room.memoryMib && diskGib <= room.diskGib;
  }

  /** The larger of the two in each dimension. */
  public Resources max(Resources other) {
    return new Resources(
        Math.max(vcpus, other.vcpus),
        Math.max(memoryMib, other.memoryMib),
        Math.max(diskGib, other.diskGib));
  }

  /** The smaller of the two in each dimension. */
  public Resources min(Resources other) {
    return new Resources(
        Math.min(vcpus, other.vcpus),
        Math.min(memoryMib, other.memoryMib),
        Math.min(diskGib, other.diskGib));
  }

  @Override
  public String toString() {
    return "%d vCPU, %d MiB, %d GiB".formatted(vcpus, memoryMib, diskGib);
  }
}
