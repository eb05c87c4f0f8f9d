package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.Host;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.ShadowHold;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What the shadows on one host want held back, so that it can be asked what if one were not. */
record ReserveSums(List<DomainKind> correlated, List<Held> held) {

  /**
   * One shadow.
   *
   * @param primary its primary's host; empty when that is lost: then it is needed whatever fails
   */
  record Held(VmId vm, Resources resident, Resources reserve, Optional<Host> primary) {}

  static ReserveSums of(Fleet fleet, HostId host) {
    List<Held> held = new ArrayList<>();
    for (VmId vm : fleet.shadowsOn(host)) {
      Optional<Host> primary = fleet.primaryOf(vm).flatMap(fleet::host).map(HostView::host);
      for (ShadowHold hold : fleet.shadowsOf(vm)) {
        if (hold.host().equals(host)) {
          held.add(new Held(vm, hold.resident(), hold.reserve(), primary));
        }
      }
    }
    return new ReserveSums(fleet.settings().correlated(), held);
  }

  /** Which share of its capacity the host lacks, of the resource of which it lacks most. */
  double lacking(HostView room, Optional<VmId> without) {
    Resources promised = room.allocated().plus(needed(without));
    Resources freed =
        held.stream()
            .filter(shadow -> without.equals(Optional.of(shadow.vm())))
            .map(Held::resident)
            .reduce(Resources.NONE, Resources::plus);
    Resources wanted = promised.minus(freed);
    Resources has = room.effectiveCapacity();
    return Math.max(
        share(wanted.vcpus(), has.vcpus()),
        Math.max(
            share(wanted.memoryMib(), has.memoryMib()), share(wanted.diskGib(), has.diskGib())));
  }

  private static double share(long wanted, long has) {
    return Math.max(0, wanted - has) / (double) Math.max(1, has);
  }

  private Resources needed(Optional<VmId> without) {
    Resources most = Resources.NONE;
    Resources whatever = Resources.NONE;
    for (DomainKind kind : correlated) {
      Map<String, Resources> byDomain = new TreeMap<>();
      for (Held shadow : held) {
        if (!without.equals(Optional.of(shadow.vm()))) {
          shadow
              .primary()
              .ifPresent(at -> byDomain.merge(kind.of(at), shadow.reserve(), Resources::plus));
        }
      }
      for (Resources sum : byDomain.values()) {
        most = most.max(sum);
      }
    }
    for (Held shadow : held) {
      if (shadow.primary().isEmpty() && !without.equals(Optional.of(shadow.vm()))) {
        whatever = whatever.plus(shadow.reserve());
      }
    }
    return most.plus(whatever);
  }
}
