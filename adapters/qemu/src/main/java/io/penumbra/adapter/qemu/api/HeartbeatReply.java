package io.penumbra.adapter.qemu.api;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.util.List;
import java.util.Optional;

/**
 * What the controller answers to a heartbeat.
 *
 * @param eventsTaken events up to this number are safe with the controller
 * @param describe whether the next heartbeat should bring a description of the host
 * @param leases a word for every primary on the host
 */
public record HeartbeatReply(long eventsTaken, boolean describe, List<LeaseWord> leases) {

  public HeartbeatReply {
    leases = List.copyOf(leases);
  }

  /**
   * What the controller says about one primary's lease.
   *
   * @param renewed whether it may serve on for a lease's time, counted from when the heartbeat left
   * @param number of the decision who keeps the lease; a higher one replaces a lower one
   * @param keeper who keeps it; none, and nothing is leased, while no shadow could take over
   */
  public record LeaseWord(VmId vm, boolean renewed, long number, Optional<HostId> keeper) {}
}
