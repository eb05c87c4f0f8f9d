package io.penumbra.placement.fleet;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.FleetChange.PrimaryPlaced;
import io.penumbra.domain.fleet.FleetChange.ShadowPlaced;
import io.penumbra.domain.fleet.FleetChange.ShadowPromoted;
import io.penumbra.domain.fleet.FleetChange.ShadowResized;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What placement knows of all hosts and of everything promised on them, claims included. It changes
 * only by {@link #apply}: the same changes in the same order give the same fleet, whose decisions
 * are the same. Owned by one thread.
 *
 * <p>The reserve rule: a host holds back, per resource, the largest over every failure domain
 * instance of the sum of the reserves of those of its shadows whose primary stands in it. So any
 * single instance of a correlated kind can fail and every shadow concerned can be promoted at once.
 * For a shadow whose primary has no host (it was just lost) the reserve is held whatever fails.
 *
 * <p>Always: allocated + reserved is at most the effective capacity. A promotion may use up what
 * other shadows on that host shared; what is then missing shows as {@link
 * HostView#reserveShortfall} until they are placed elsewhere. A VM that the cloud itself reports on
 * a host (not a claim) is a fact and is counted even if it overruns the host.
 */
public final class Fleet {

  private final FleetSettings settings;
  private final HostColumns hosts;
  private final VmTable vms = new VmTable();
  private final ShadowTable shadows = new ShadowTable();
  private final TouchLog touched = new TouchLog();

  // Looked up, never iterated.
  private final Map<GroupId, IntList> groups = new HashMap<>();

  private List<HostView> sorted = List.of();
  private boolean sortedIsCurrent = true;
  private int withRisk;
  private long generation;

  public Fleet(FleetSettings settings) {
    this.settings = settings;
    hosts = new HostColumns(settings);
  }

  public FleetSettings settings() {
    return settings;
  }

  /**
   * Makes one change and returns the new generation.
   *
   * @throws IllegalStateException naming the values, when the change contradicts what is known; the
   *     fleet is then unchanged
   */
  public long apply(FleetChange change) {
    touched.begin();
    switch (change) {
      case FleetChange.HostAdded c -> addHost(c.host());
      case FleetChange.HostRemoved c -> removeHost(slotOf(c.host()));
      case FleetChange.HostConditionChanged c -> setCondition(slotOf(c.host()), c.condition());
      case FleetChange.HostRiskChanged c -> setRisk(slotOf(c.host()), c);
      case PrimaryPlaced c -> placePrimary(c);
      case FleetChange.ClaimConfirmed c -> vms.claim[placed(c.vm())] = false;
      case FleetChange.PrimaryReleased c -> releasePrimary(placed(c.vm()));
      case ShadowPlaced c -> placeShadow(c);
      case ShadowResized c -> resizeShadow(c);
      case FleetChange.ShadowReleased c -> releaseShadow(shadowOf(c.vm(), c.host()));
      case ShadowPromoted c -> promote(c);
    }
    return ++generation;
  }

  /** How many changes were applied. */
  public long generation() {
    return generation;
  }

  public int hostCount() {
    return hosts.count();
  }

  /** How many VMs have a primary or a shadow here. */
  public int vmCount() {
    return vms.size();
  }

  public int shadowCount() {
    return shadows.size();
  }

  /** How many hosts have a risk score. */
  public int hostsWithRisk() {
    return withRisk;
  }

  /** A live view of one host. */
  public Optional<HostView> host(HostId id) {
    int slot = hosts.find(id);
    return slot < 0 ? Optional.empty() : Optional.of(hosts.at(slot));
  }

  /** Live views of all hosts, in id order. */
  public List<HostView> hosts() {
    if (!sortedIsCurrent) {
      List<HostView> all = new ArrayList<>(hosts.count());
      for (int slot = 0; slot < hosts.top(); slot++) {
        if (hosts.view[slot] != null) {
          all.add(hosts.at(slot));
        }
      }
      all.sort(Comparator.comparing(view -> view.host().id()));
      sorted = List.copyOf(all);
      sortedIsCurrent = true;
    }
    return sorted;
  }

  public Optional<HostId> primaryOf(VmId vm) {
    int row = vms.find(vm);
    return row < 0 || vms.host[row] < 0
        ? Optional.empty()
        : Optional.of(hosts.at(vms.host[row]).host().id());
  }

  /** The VM's shadows, in host id order. */
  public List<ShadowHold> shadowsOf(VmId vm) {
    int row = vms.find(vm);
    List<ShadowHold> found = new ArrayList<>(1);
    if (row >= 0) {
      for (int s = vms.shadowHead[row]; s >= 0; s = shadows.nextOfVm[s]) {
        found.add(
            new ShadowHold(hosts.at(shadows.host[s]).host().id(), residentOf(s), reserveOf(s)));
      }
      found.sort(Comparator.comparing(ShadowHold::host));
    }
    return found;
  }

  /** VMs whose primary is on the host, claims included, in id order. */
  public List<VmId> primariesOn(HostId host) {
    List<VmId> found = new ArrayList<>();
    int slot = hosts.find(host);
    if (slot >= 0) {
      for (int row = hosts.primaryHead[slot]; row >= 0; row = vms.next[row]) {
        found.add(vms.idOf(row));
      }
      found.sort(Comparator.naturalOrder());
    }
    return found;
  }

  /** VMs with a shadow on the host, in id order. */
  public List<VmId> shadowsOn(HostId host) {
    List<VmId> found = new ArrayList<>();
    int slot = hosts.find(host);
    if (slot >= 0) {
      for (int s = hosts.shadowHead[slot]; s >= 0; s = shadows.next[s]) {
        found.add(vms.idOf(shadows.vm[s]));
      }
      found.sort(Comparator.naturalOrder());
    }
    return found;
  }

  /** Whether the VM's primary is promised but not yet reported by the cloud. */
  public boolean isClaim(VmId vm) {
    int row = vms.find(vm);
    return row >= 0 && vms.host[row] >= 0 && vms.claim[row];
  }

  /** What the VM's primary takes on its host. */
  public Optional<Resources> sizeOf(VmId vm) {
    int row = vms.find(vm);
    return row < 0 || vms.host[row] < 0 ? Optional.empty() : Optional.of(vmSize(row));
  }

  /** Whether there is such a shadow and its host has the room, as things are, to promote it. */
  public boolean canPromote(VmId vm, HostId host) {
    int row = vms.find(vm);
    int slot = hosts.find(host);
    int shadow = row < 0 || slot < 0 ? ShadowTable.NONE : findShadow(row, slot);
    return shadow >= 0 && promotable(shadow, slot);
  }

  /**
   * The domains of one kind in which members of a group have their primaries, for {@link
   * DomainSet#holds}.
   *
   * @param except the VM that asks; it is no neighbour of itself
   */
  public DomainSet domainsOf(GroupId group, DomainKind kind, VmId except) {
    IntList members = groups.get(group);
    if (members == null) {
      return new DomainSet(hosts, kind, new int[0]);
    }
    int asking = vms.find(except);
    int[] found = new int[members.size()];
    int size = 0;
    for (int i = 0; i < members.size(); i++) {
      int row = members.get(i);
      if (row != asking && vms.host[row] >= 0) {
        found[size++] = hosts.domainOf(vms.host[row], kind);
      }
    }
    return new DomainSet(hosts, kind, Arrays.stream(found, 0, size).sorted().distinct().toArray());
  }

  /**
   * Changes that turn an empty fleet with the same settings into one that is like this, down to
   * every decision; only its generation is another.
   */
  public List<FleetChange> changesToRebuild() {
    return new FleetRebuild(this, vms).changes();
  }

  /** Whether any host ever had the trait. */
  public boolean knowsTrait(String trait) {
    return hosts.traitId(trait) >= 0;
  }

  HostColumns columns() {
    return hosts;
  }

  TouchLog touched() {
    return touched;
  }

  // --- hosts

  private void addHost(Host host) {
    if (hosts.find(host.id()) >= 0) {
      throw new IllegalStateException(
          "host %s is already part of the fleet; maybe it was reported twice".formatted(host.id()));
    }
    touched.add(hosts.add(host));
    sortedIsCurrent = false;
  }

  private void removeHost(int slot) {
    while (hosts.primaryHead[slot] >= 0) {
      releasePrimary(hosts.primaryHead[slot]);
    }
    while (hosts.shadowHead[slot] >= 0) {
      releaseShadow(hosts.shadowHead[slot]);
    }
    if (hosts.at(slot).risk != null) {
      withRisk--;
    }
    // What its rack has free is part of the scores of the hosts that stay in it.
    IntList mates = hosts.slotsOfRack(hosts.rack(slot));
    for (int i = 0; i < mates.size(); i++) {
      touched.add(mates.get(i));
    }
    hosts.remove(slot);
    sortedIsCurrent = false;
  }

  private void setCondition(int slot, HostCondition condition) {
    hosts.at(slot).condition = condition;
    touched.add(slot);
  }

  private void setRisk(int slot, FleetChange.HostRiskChanged change) {
    if (hosts.at(slot).risk == null) {
      withRisk++;
    }
    hosts.at(slot).risk = change.risk();
    touched.add(slot);
  }

  // --- primaries

  private void placePrimary(PrimaryPlaced change) {
    int slot = slotOf(change.host());
    int row = vms.find(change.vm());
    if (row >= 0 && vms.host[row] >= 0) {
      throw new IllegalStateException(
          "VM %s is already on host %s and cannot also be placed on %s; maybe it was not released first"
              .formatted(change.vm(), hosts.at(vms.host[row]), change.host()));
    }
    Resources size = change.size();
    if (change.claim() && !size.fitsIn(hosts.at(slot).free())) {
      throw new IllegalStateException(
          "VM %s claims %s on host %s, which has %s free; maybe the decision was stale"
              .formatted(change.vm(), size, change.host(), hosts.at(slot).free()));
    }
    if (row < 0) {
      row = vms.add(change.vm());
    } else {
      leaveGroups(row);
    }
    vms.claim[row] = change.claim();
    vms.vcpus[row] = size.vcpus();
    vms.memoryMib[row] = size.memoryMib();
    vms.diskGib[row] = size.diskGib();
    joinGroups(row, change.groups());
    settle(row, slot);
  }

  /** Puts a VM that has no host onto one. */
  private void settle(int row, int slot) {
    changing(slot);
    hosts.allocatedVcpus[slot] += vms.vcpus[row];
    hosts.allocatedMemoryMib[slot] += vms.memoryMib[row];
    hosts.allocatedDiskGib[slot] += vms.diskGib[row];
    hosts.primaries[slot]++;
    changed(slot);
    int first = hosts.primaryHead[slot];
    vms.next[row] = first;
    vms.previous[row] = VmTable.NONE;
    if (first >= 0) {
      vms.previous[first] = row;
    }
    hosts.primaryHead[slot] = row;
    regroup(row, slot);
  }

  private void releasePrimary(int row) {
    unsettle(row);
    if (vms.shadowHead[row] < 0) {
      leaveGroups(row);
      vms.remove(row);
    }
  }

  /** Takes a VM off its host; its shadows then count as needed whatever fails. */
  private void unsettle(int row) {
    int slot = vms.host[row];
    changing(slot);
    hosts.allocatedVcpus[slot] -= vms.vcpus[row];
    hosts.allocatedMemoryMib[slot] -= vms.memoryMib[row];
    hosts.allocatedDiskGib[slot] -= vms.diskGib[row];
    hosts.primaries[slot]--;
    changed(slot);
    int next = vms.next[row];
    int previous = vms.previous[row];
    if (next >= 0) {
      vms.previous[next] = previous;
    }
    if (previous >= 0) {
      vms.next[previous] = next;
    } else {
      hosts.primaryHead[slot] = next;
    }
    vms.claim[row] = false;
    regroup(row, VmTable.NONE);
  }

  /** Moves the VM's host, and with it the domains for which its shadows' reserves are held. */
  private void regroup(int row, int slot) {
    for (int s = vms.shadowHead[row]; s >= 0; s = shadows.nextOfVm[s]) {
      withdraw(s, vms.host[row]);
    }
    vms.host[row] = slot;
    for (int s = vms.shadowHead[row]; s >= 0; s = shadows.nextOfVm[s]) {
      hold(s, slot);
    }
  }

  // --- shadows

  private void placeShadow(ShadowPlaced change) {
    int slot = slotOf(change.host());
    int row = vms.find(change.vm());
    if (row >= 0) {
      requireNothingThere(row, slot, change);
    }
    requireRoom(slot, Resources.NONE, change.resident(), change.vm());
    if (row < 0) {
      row = vms.add(change.vm());
    }
    int s = shadows.add();
    shadows.vm[s] = row;
    shadows.host[s] = slot;
    shadows.nextOfVm[s] = vms.shadowHead[row];
    vms.shadowHead[row] = s;
    int first = hosts.shadowHead[slot];
    shadows.next[s] = first;
    shadows.previous[s] = ShadowTable.NONE;
    if (first >= 0) {
      shadows.previous[first] = s;
    }
    hosts.shadowHead[slot] = s;
    hosts.shadows[slot]++;
    size(s, change.resident(), change.reserve());
    hold(s, vms.host[row]);
    allocateResident(s, 1);
  }

  private void requireNothingThere(int row, int slot, ShadowPlaced change) {
    if (findShadow(row, slot) >= 0) {
      throw new IllegalStateException(
          "VM %s already has a shadow on host %s; maybe it was to be resized"
              .formatted(change.vm(), change.host()));
    }
    if (vms.host[row] == slot) {
      throw new IllegalStateException(
          "VM %s runs on host %s, where its shadow cannot be"
              .formatted(change.vm(), change.host()));
    }
  }

  private void resizeShadow(ShadowResized change) {
    int s = shadowOf(change.vm(), change.host());
    requireRoom(shadows.host[s], residentOf(s), change.resident(), change.vm());
    int primary = vms.host[shadows.vm[s]];
    withdraw(s, primary);
    allocateResident(s, -1);
    size(s, change.resident(), change.reserve());
    allocateResident(s, 1);
    hold(s, primary);
  }

  private void releaseShadow(int s) {
    int row = shadows.vm[s];
    dropShadow(s);
    if (vms.shadowHead[row] < 0 && vms.host[row] < 0) {
      leaveGroups(row);
      vms.remove(row);
    }
  }

  private void dropShadow(int s) {
    int row = shadows.vm[s];
    int slot = shadows.host[s];
    withdraw(s, vms.host[row]);
    allocateResident(s, -1);
    hosts.shadows[slot]--;
    if (vms.shadowHead[row] == s) {
      vms.shadowHead[row] = shadows.nextOfVm[s];
    } else {
      int before = vms.shadowHead[row];
      while (shadows.nextOfVm[before] != s) {
        before = shadows.nextOfVm[before];
      }
      shadows.nextOfVm[before] = shadows.nextOfVm[s];
    }
    int next = shadows.next[s];
    int previous = shadows.previous[s];
    if (next >= 0) {
      shadows.previous[next] = previous;
    }
    if (previous >= 0) {
      shadows.next[previous] = next;
    } else {
      hosts.shadowHead[slot] = next;
    }
    shadows.remove(s);
  }

  private void promote(ShadowPromoted change) {
    int s = shadowOf(change.vm(), change.host());
    int row = shadows.vm[s];
    int slot = shadows.host[s];
    if (!promotable(s, slot)) {
      throw new IllegalStateException(
          "VM %s cannot be promoted on host %s: it needs %s more, allocated is %s of %s; maybe an earlier promotion used the shared reserve"
              .formatted(
                  change.vm(),
                  change.host(),
                  reserveOf(s),
                  hosts.at(slot).allocated(),
                  hosts.at(slot).effectiveCapacity()));
    }
    Resources whole = residentOf(s).plus(reserveOf(s));
    if (vms.host[row] >= 0) {
      unsettle(row);
    }
    dropShadow(s);
    vms.vcpus[row] = whole.vcpus();
    vms.memoryMib[row] = whole.memoryMib();
    vms.diskGib[row] = whole.diskGib();
    settle(row, slot);
  }

  private boolean promotable(int s, int slot) {
    return shadows.reserveVcpus[s] <= hosts.roomVcpus(slot)
        && shadows.reserveMemoryMib[s] <= hosts.roomMemoryMib(slot)
        && shadows.reserveDiskGib[s] <= hosts.roomDiskGib(slot);
  }

  private void requireRoom(int slot, Resources before, Resources after, VmId vm) {
    if (after.fitsIn(before)) {
      return;
    }
    Resources room =
        new Resources(hosts.roomVcpus(slot), hosts.roomMemoryMib(slot), hosts.roomDiskGib(slot))
            .plus(before);
    if (!after.fitsIn(room)) {
      throw new IllegalStateException(
          "shadow of VM %s wants %s resident on host %s, which has %s; maybe the decision was stale"
              .formatted(vm, after, hosts.at(slot), room));
    }
  }

  private void size(int s, Resources resident, Resources reserve) {
    shadows.residentVcpus[s] = resident.vcpus();
    shadows.residentMemoryMib[s] = resident.memoryMib();
    shadows.residentDiskGib[s] = resident.diskGib();
    shadows.reserveVcpus[s] = reserve.vcpus();
    shadows.reserveMemoryMib[s] = reserve.memoryMib();
    shadows.reserveDiskGib[s] = reserve.diskGib();
  }

  private void allocateResident(int s, int sign) {
    int slot = shadows.host[s];
    changing(slot);
    hosts.allocatedVcpus[slot] += sign * shadows.residentVcpus[s];
    hosts.allocatedMemoryMib[slot] += sign * shadows.residentMemoryMib[s];
    hosts.allocatedDiskGib[slot] += sign * shadows.residentDiskGib[s];
    changed(slot);
  }

  /** Counts a shadow's reserve for the domains of its primary's host. */
  private void hold(int s, int primary) {
    int slot = shadows.host[s];
    changing(slot);
    ReserveLedger ledger = hosts.ledgerOf(slot);
    int v = shadows.reserveVcpus[s];
    long m = shadows.reserveMemoryMib[s];
    long d = shadows.reserveDiskGib[s];
    if (primary < 0) {
      ledger.addOrphan(v, m, d);
    } else {
      ledger.add(hosts.reserveInstances[primary], v, m, d);
    }
    changed(slot);
  }

  private void withdraw(int s, int primary) {
    int slot = shadows.host[s];
    changing(slot);
    ReserveLedger ledger = hosts.ledgerOf(slot);
    int v = shadows.reserveVcpus[s];
    long m = shadows.reserveMemoryMib[s];
    long d = shadows.reserveDiskGib[s];
    if (primary < 0) {
      ledger.removeOrphan(v, m, d);
    } else {
      ledger.remove(hosts.reserveInstances[primary], v, m, d);
    }
    changed(slot);
  }

  // --- groups

  private void joinGroups(int row, List<GroupId> joined) {
    vms.groups[row] = joined;
    for (GroupId group : joined) {
      groups.computeIfAbsent(group, _ -> new IntList()).add(row);
    }
  }

  private void leaveGroups(int row) {
    for (GroupId group : vms.groupsOf(row)) {
      IntList members = groups.get(group);
      if (members != null) {
        members.remove(row);
        if (members.size() == 0) {
          groups.remove(group);
        }
      }
    }
    vms.groups[row] = List.of();
  }

  // --- bookkeeping

  /** Takes a host's free memory out of its rack's sum before it changes. */
  private void changing(int slot) {
    hosts.rackFreeMib[hosts.rack(slot)] -= hosts.freeMemoryMib(slot);
  }

  private void changed(int slot) {
    hosts.rackFreeMib[hosts.rack(slot)] += hosts.freeMemoryMib(slot);
    touched.add(slot);
  }

  private int slotOf(HostId host) {
    int slot = hosts.find(host);
    if (slot < 0) {
      throw new IllegalStateException(
          "host %s is not part of the fleet of %d hosts; maybe it was removed"
              .formatted(host, hosts.count()));
    }
    return slot;
  }

  private int known(VmId vm) {
    int row = vms.find(vm);
    if (row < 0) {
      throw new IllegalStateException(
          "VM %s has neither primary nor shadow here; maybe it was released before".formatted(vm));
    }
    return row;
  }

  private int placed(VmId vm) {
    int row = known(vm);
    if (vms.host[row] < 0) {
      throw new IllegalStateException(
          "VM %s has no primary; only shadows are left of it".formatted(vm));
    }
    return row;
  }

  private int findShadow(int row, int slot) {
    for (int s = vms.shadowHead[row]; s >= 0; s = shadows.nextOfVm[s]) {
      if (shadows.host[s] == slot) {
        return s;
      }
    }
    return ShadowTable.NONE;
  }

  private int shadowOf(VmId vm, HostId host) {
    int s = findShadow(known(vm), slotOf(host));
    if (s < 0) {
      throw new IllegalStateException(
          "VM %s has no shadow on host %s; it has them on %s"
              .formatted(vm, host, shadowsOf(vm).stream().map(ShadowHold::host).toList()));
    }
    return s;
  }

  private Resources vmSize(int row) {
    return new Resources(vms.vcpus[row], vms.memoryMib[row], vms.diskGib[row]);
  }

  private Resources residentOf(int s) {
    return new Resources(
        shadows.residentVcpus[s], shadows.residentMemoryMib[s], shadows.residentDiskGib[s]);
  }

  private Resources reserveOf(int s) {
    return new Resources(
        shadows.reserveVcpus[s], shadows.reserveMemoryMib[s], shadows.reserveDiskGib[s]);
  }
}
