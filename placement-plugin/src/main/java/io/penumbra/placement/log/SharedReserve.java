package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.ShadowHold;
import java.util.Optional;

/**
 * How much of what a new shadow needs for its promotion its host holds back already, for shadows
 * whose primaries cannot fail together with this one's.
 *
 * @param reserve what the shadow needs besides its resident part when it is promoted
 * @param added what the host has to hold back in addition because of it
 * @param sharers shadows on the host whose primaries share no correlated failure domain with this
 *     one's
 */
record SharedReserve(Resources reserve, Resources added, int sharers) {

  /** Looks at the host before the shadow is placed there. */
  static SharedReserve before(Fleet fleet, HostView primary, HostView host, Resources reserve) {
    Resources added =
        new Resources(
            host.reserveGrowthVcpus(primary, reserve.vcpus()),
            host.reserveGrowthMemoryMib(primary, reserve.memoryMib()),
            host.reserveGrowthDiskGib(primary, reserve.diskGib()));
    int sharers = 0;
    HostId id = host.host().id();
    for (VmId other : fleet.shadowsOn(id)) {
      Optional<HostView> otherPrimary = fleet.primaryOf(other).flatMap(fleet::host);
      boolean together =
          otherPrimary
              .filter(view ->
                  fleet.settings().correlated().stream()
                      .noneMatch(kind -> primary.sharesDomain(view, kind)))
              .isEmpty();
      if (!together && holdsReserve(fleet, other, id)) {
        sharers++;
      }
    }
    return new SharedReserve(reserve, added, sharers);
  }

  private static boolean holdsReserve(Fleet fleet, VmId vm, HostId host) {
    return fleet.shadowsOf(vm).stream()
        .filter(hold -> hold.host().equals(host))
        .map(ShadowHold::reserve)
        .anyMatch(reserve -> !reserve.equals(Resources.NONE));
  }

  /** What comes out of reserve that is held anyway. */
  Resources shared() {
    return reserve.minus(added);
  }
}
