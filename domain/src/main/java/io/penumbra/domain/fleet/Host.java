package io.penumbra.domain.fleet;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import java.time.Instant;

/**
 * One physical machine that runs VMs.
 *
 * @param capacity what the hardware has, before overcommit
 * @param commissioned when it went into service; its age is counted from here
 */
public record Host(
    HostId id,
    Location location,
    HardwareProfile hardware,
    Resources capacity,
    Instant commissioned) {

  public Host {
    if (capacity.vcpus() == 0 || capacity.memoryMib() == 0) {
      throw new IllegalArgumentException(
          "host %s has a capacity of %s; expected at least 1 vCPU and 1 MiB"
              .formatted(id, capacity));
    }
  }
}
