package io.penumbra.placement.fleet;

import io.penumbra.domain.Guard;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * How much of a host may be promised, and what can fail together.
 *
 * @param cpuOvercommit virtual CPUs promised per hardware thread
 * @param memoryOvercommit MiB promised per MiB of memory
 * @param diskOvercommit GiB promised per GiB of disk
 * @param correlated kinds of failure domain of which one instance may fail as a whole; the reserve
 *     for shadows covers any single one
 */
public record FleetSettings(
    double cpuOvercommit,
    double memoryOvercommit,
    double diskOvercommit,
    List<DomainKind> correlated) {

  public FleetSettings {
    Guard.positive("cpuOvercommit", cpuOvercommit);
    Guard.positive("memoryOvercommit", memoryOvercommit);
    Guard.positive("diskOvercommit", diskOvercommit);
    Set<DomainKind> kinds = EnumSet.of(DomainKind.HOST);
    kinds.addAll(correlated);
    correlated = List.copyOf(kinds);
  }

  /**
   * Four virtual CPUs per thread, memory and disk as they are; any single host, chassis, rack or
   * power feed may fail.
   */
  public static FleetSettings defaults() {
    return new FleetSettings(
        4,
        1,
        1,
        List.of(DomainKind.HOST, DomainKind.CHASSIS, DomainKind.RACK, DomainKind.POWER_FEED));
  }

  /** What may be promised on hardware of this capacity, rounded down. */
  public Resources effective(Resources capacity) {
    return new Resources(
        (int) (capacity.vcpus() * cpuOvercommit),
        (long) (capacity.memoryMib() * memoryOvercommit),
        (long) (capacity.diskGib() * diskOvercommit));
  }
}
