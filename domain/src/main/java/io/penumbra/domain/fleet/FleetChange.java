package io.penumbra.domain.fleet;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.VmId;
import java.util.List;

/**
 * One change to what placement knows. Applying the same changes in the same order gives the same
 * fleet, so a decision can be made again from the log.
 */
public sealed interface FleetChange {

  /** A host joined. */
  record HostAdded(Host host) implements FleetChange {}

  /** A host left for good. Whatever was promised on it is gone with it. */
  record HostRemoved(HostId host) implements FleetChange {}

  record HostConditionChanged(HostId host, HostCondition condition) implements FleetChange {}

  record HostRiskChanged(HostId host, RiskScore risk) implements FleetChange {}

  /**
   * A VM is promised a host, or runs there.
   *
   * @param claim true while the cloud has not yet reported the VM on that host
   */
  record PrimaryPlaced(VmId vm, HostId host, Resources size, List<GroupId> groups, boolean claim)
      implements FleetChange {
    public PrimaryPlaced {
      groups = List.copyOf(groups);
    }
  }

  /** The cloud has reported the VM where it was promised: the claim is now a fact. */
  record ClaimConfirmed(VmId vm) implements FleetChange {}

  /** A VM is gone from its host: deleted, or its claim ran out. Its shadows stay. */
  record PrimaryReleased(VmId vm) implements FleetChange {}

  /**
   * A shadow is promised on a host. Of a VM that nobody knows, it is in the way until it is
   * deleted.
   *
   * @param resident what the shadow holds for itself alone from now on
   * @param reserve what it needs besides when it is promoted; shared with shadows whose primaries
   *     cannot fail together with its own
   */
  record ShadowPlaced(VmId vm, HostId host, Resources resident, Resources reserve)
      implements FleetChange {}

  /** A shadow grew or shrank. Its sum of resident and reserve stays the VM's size. */
  record ShadowResized(VmId vm, HostId host, Resources resident, Resources reserve)
      implements FleetChange {}

  record ShadowReleased(VmId vm, HostId host) implements FleetChange {}

  /** The VM's shadow on {@code host} is its primary from now on. The old primary's room is free. */
  record ShadowPromoted(VmId vm, HostId host) implements FleetChange {}
}
