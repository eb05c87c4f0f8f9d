package io.penumbra.simulator.check;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.Host;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Never 5: a host is promised more than it has, claims included. Counts twice, both times plainly:
 * what really stands on a host, and what placement was told to promise there, from the log of its
 * changes. Shares no code with the columns it judges.
 */
public final class NothingPromisedTwice implements WorldObserver, Checker {

  private final World world;
  private final FleetSettings settings;
  private final Breaches breaches;
  private final Map<HostId, Host> hosts = new HashMap<>();
  private final Map<VmId, Promise> primaries = new HashMap<>();
  private final Map<HostId, TreeSet<VmId>> primariesOn = new HashMap<>();
  private final Map<HostId, SortedMap<VmId, Hold>> shadowsOn = new HashMap<>();

  private VmId decidedFor = NOBODY;
  private final Set<HostId> decidedOn = new HashSet<>();

  private static final VmId NOBODY = VmId.of("nobody");

  private record Promise(HostId host, Resources size) {}

  private record Hold(Resources resident, Resources reserve) {}

  public NothingPromisedTwice(World world, FleetSettings settings, Breaches breaches) {
    this.world = world;
    this.settings = settings;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    if (happening instanceof Happening.HoldingsChanged(WorldHost host)) {
      checkReal(host);
    }
  }

  /**
   * A dead guest holds nothing, and one that has been superseded is promised nothing: it waits for
   * its host to be reached, to be removed.
   */
  private void checkReal(WorldHost host) {
    Resources held = Resources.NONE;
    for (Instance instance : host.instances()) {
      if (instance.state() != Instance.State.STOPPED && !superseded(instance)) {
        held = held.plus(instance.held());
      }
    }
    Resources room = settings.effective(host.host().capacity());
    if (host.running() && !held.fitsIn(room)) {
      breaches.report(
          5,
          "host %s has %s, its instances take %s; more than is promised: %s"
              .formatted(host, room, held, beyondPromise(host)));
    }
  }

  /** The instances that take more than placement was told of: those are to be looked at. */
  private List<String> beyondPromise(WorldHost host) {
    List<String> beyond = new ArrayList<>();
    for (Instance instance : host.instances()) {
      Resources promised = promised(instance.vm().id(), host.id());
      boolean counted = instance.state() != Instance.State.STOPPED && !superseded(instance);
      if (counted && !instance.held().fitsIn(promised)) {
        beyond.add("%s takes %s of %s".formatted(instance, instance.held(), promised));
      }
    }
    return beyond;
  }

  private Resources promised(VmId vm, HostId host) {
    Promise primary = primaries.get(vm);
    if (primary != null && primary.host.equals(host)) {
      return primary.size;
    }
    Hold hold = shadows(host).get(vm);
    return hold == null ? Resources.NONE : hold.resident;
  }

  private static boolean superseded(Instance instance) {
    return !instance.isShadow()
        && !instance.serving()
        && instance.vm().current().filter(instance::equals).isEmpty();
  }

  /** Starts over: another controller fills its fleet from the beginning. */
  public void restarted() {
    hosts.clear();
    primaries.clear();
    primariesOn.clear();
    shadowsOn.clear();
  }

  /** A decision was made: what is promised next follows from it and must fit with its reserve. */
  public void decided(VmId vm, PlacementDecision.Answer answer) {
    decidedFor = vm;
    decidedOn.clear();
    if (answer instanceof PlacementDecision.Placed placed) {
      decidedOn.add(placed.primary().host());
      decidedOn.addAll(placed.shadowHosts());
    }
  }

  /** Placement was told of a change. */
  public void changed(FleetChange change) {
    switch (change) {
      case FleetChange.HostAdded(Host host) -> hosts.put(host.id(), host);
      case FleetChange.HostRemoved(HostId host) -> hosts.remove(host);
      case FleetChange.HostConditionChanged c -> {}
      case FleetChange.HostRiskChanged c -> {}
      case FleetChange.ClaimConfirmed c -> {}
      case FleetChange.PrimaryPlaced c -> place(c.vm(), new Promise(c.host(), c.size()));
      case FleetChange.PrimaryReleased(VmId vm) -> release(vm);
      case FleetChange.ShadowPlaced c -> shadow(c.vm(), c.host(), c.resident(), c.reserve());
      case FleetChange.ShadowResized c -> {
        decidedFor = NOBODY;
        shadow(c.vm(), c.host(), c.resident(), c.reserve());
      }
      case FleetChange.ShadowReleased(VmId vm, HostId host) -> shadows(host).remove(vm);
      case FleetChange.ShadowPromoted(VmId vm, HostId host) -> promoted(vm, host);
    }
  }

  private void place(VmId vm, Promise promise) {
    release(vm);
    primaries.put(vm, promise);
    primariesOn.computeIfAbsent(promise.host, h -> new TreeSet<>()).add(vm);
    checkPromised(promise.host);
    checkReserve(vm, promise.host);
  }

  private void release(VmId vm) {
    Promise gone = primaries.remove(vm);
    if (gone != null) {
      primariesOn.computeIfAbsent(gone.host, h -> new TreeSet<>()).remove(vm);
    }
  }

  private void shadow(VmId vm, HostId host, Resources resident, Resources reserve) {
    shadows(host).put(vm, new Hold(resident, reserve));
    checkPromised(host);
    checkReserve(vm, host);
  }

  private void promoted(VmId vm, HostId host) {
    decidedFor = NOBODY;
    Hold hold = shadows(host).remove(vm);
    if (hold == null) {
      breaches.report(5, "VM %s was promoted on %s, where nothing is promised".formatted(vm, host));
      return;
    }
    place(vm, new Promise(host, hold.resident.plus(hold.reserve)));
  }

  private SortedMap<VmId, Hold> shadows(HostId host) {
    return shadowsOn.computeIfAbsent(host, h -> new TreeMap<>());
  }

  private void checkPromised(HostId id) {
    Host host = hosts.get(id);
    if (host == null) {
      return;
    }
    Resources room = settings.effective(host.capacity());
    Resources promised = outright(id);
    if (!promised.fitsIn(room)) {
      breaches.report(5, "host %s has %s, outright promised are %s".formatted(id, room, promised));
    }
  }

  private void checkReserve(VmId vm, HostId id) {
    Host host = hosts.get(id);
    if (host == null || !vm.equals(decidedFor) || !decidedOn.remove(id)) {
      return;
    }
    Resources room = settings.effective(host.capacity());
    Resources promised = outright(id).plus(reserveOn(id));
    if (!promised.fitsIn(room)) {
      breaches.report(
          5,
          "host %s has %s; with VM %s put there, promised are %s, %s of it as reserve"
              .formatted(id, room, vm, promised, reserveOn(id)));
    }
  }

  private Resources outright(HostId id) {
    Resources sum = Resources.NONE;
    for (VmId vm : primariesOn.getOrDefault(id, new TreeSet<>())) {
      Promise promise = primaries.get(vm);
      if (promise != null) {
        sum = sum.plus(promise.size);
      }
    }
    for (Hold hold : shadows(id).values()) {
      sum = sum.plus(hold.resident);
    }
    return sum;
  }

  /** What must be held back on a host so that any one failure domain can fail. */
  private Resources reserveOn(HostId id) {
    Resources most = Resources.NONE;
    for (DomainKind kind : settings.correlated()) {
      Map<String, Resources> byDomain = new TreeMap<>();
      shadows(id)
          .forEach((vm, hold) -> {
            Promise primary = primaries.get(vm);
            Host at = primary == null ? null : hosts.get(primary.host);
            if (at != null) {
              byDomain.merge(kind.of(at), hold.reserve, Resources::plus);
            }
          });
      for (Resources sum : byDomain.values()) {
        most = most.max(sum);
      }
    }
    return most;
  }

  @Override
  public void fullScan() {
    for (WorldHost host : world.hosts()) {
      checkReal(host);
      checkPromised(host.id());
    }
  }
}
