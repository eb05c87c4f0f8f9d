package io.penumbra.adapter.qemu.guest;

import java.time.Duration;
import java.util.List;
import java.util.SortedMap;

/**
 * What a guest has used since it started.
 *
 * @param process CPU time of the whole QEMU, its I/O threads included
 * @param vcpus CPU time of each virtual CPU's thread, in order
 * @param residentBytes memory of the QEMU process that is in RAM, the guest's included
 * @param disks by name of the disk
 */
public record GuestCounters(
    Duration process,
    List<Duration> vcpus,
    long residentBytes,
    long majorFaults,
    SortedMap<String, DiskCounters> disks) {

  public GuestCounters {
    vcpus = List.copyOf(vcpus);
  }

  /** What went through one disk. */
  public record DiskCounters(
      long readBytes, long readOperations, long writtenBytes, long writeOperations, long flushes) {}
}
