package io.penumbra.placement.fleet;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.FleetChange.PrimaryPlaced;
import io.penumbra.domain.fleet.FleetChange.PrimaryReleased;
import io.penumbra.domain.fleet.FleetChange.ShadowPlaced;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Finds changes that turn an empty fleet into a given one.
 *
 * <p>The order matters, for a fleet checks what it is told. Claims come first: together they always
 * fit. Then shadows that stand on a host which VMs that the cloud itself reported have overrun
 * since; they come before those VMs, while there is room. Then everything else.
 */
final class FleetRebuild {

  /** For VMs that have lost their host and have a shadow on every other: it comes and goes. */
  private static final Host STOPOVER =
      new Host(
          HostId.of("penumbra:stopover"),
          new Location("stopover", "stopover", "stopover", "stopover"),
          new HardwareProfile("stopover", "stopover", "stopover", "stopover", List.of()),
          new Resources(1, 1, 0),
          Instant.EPOCH);

  private final Fleet fleet;
  private final VmTable vms;
  private final List<FleetChange> changes = new ArrayList<>();

  /** VMs whose shadows are placed already. */
  private final TreeSet<VmId> shadowed = new TreeSet<>();

  FleetRebuild(Fleet fleet, VmTable vms) {
    this.fleet = fleet;
    this.vms = vms;
  }

  List<FleetChange> changes() {
    fleet.hosts().forEach(this::addHost);
    placePrimaries(true);
    placeEarlyShadows();
    placePrimaries(false);
    for (HostView host : fleet.hosts()) {
      for (VmId vm : fleet.primariesOn(host.host().id())) {
        placeShadows(vm);
      }
    }
    return List.copyOf(changes);
  }

  private void addHost(HostView host) {
    HostId id = host.host().id();
    changes.add(new FleetChange.HostAdded(host.host()));
    if (host.condition() != HostCondition.UP) {
      changes.add(new FleetChange.HostConditionChanged(id, host.condition()));
    }
    host.risk().ifPresent(risk -> changes.add(new FleetChange.HostRiskChanged(id, risk)));
  }

  private void placePrimaries(boolean claims) {
    for (HostView host : fleet.hosts()) {
      for (VmId vm : fleet.primariesOn(host.host().id())) {
        if (fleet.isClaim(vm) == claims) {
          changes.add(primary(vm, host.host().id(), claims));
        }
      }
    }
  }

  /** Shadows of VMs that have no primary any more, and shadows on hosts that were overrun. */
  private void placeEarlyShadows() {
    for (HostView host : fleet.hosts()) {
      boolean overrun = !host.allocated().fitsIn(host.effectiveCapacity());
      for (VmId vm : fleet.shadowsOn(host.host().id())) {
        boolean orphan = fleet.primaryOf(vm).isEmpty();
        if (orphan || overrun) {
          placeEarly(vm);
        }
      }
    }
  }

  private void placeEarly(VmId vm) {
    if (shadowed.contains(vm)) {
      return;
    }
    // A shadow needs a VM, so the VM is put somewhere for a moment.
    if (fleet.isClaim(vm)) {
      placeShadows(vm);
      return;
    }
    Optional<HostId> stopover = fleet.primaryOf(vm).or(() -> hostWithout(vm));
    if (stopover.isPresent()) {
      changes.add(primary(vm, stopover.get(), false));
      placeShadows(vm);
      changes.add(new PrimaryReleased(vm));
    } else {
      changes.add(new FleetChange.HostAdded(STOPOVER));
      changes.add(primary(vm, STOPOVER.id(), false));
      placeShadows(vm);
      changes.add(new FleetChange.HostRemoved(STOPOVER.id()));
    }
  }

  private void placeShadows(VmId vm) {
    if (shadowed.add(vm)) {
      for (ShadowHold hold : fleet.shadowsOf(vm)) {
        changes.add(new ShadowPlaced(vm, hold.host(), hold.resident(), hold.reserve()));
      }
    }
  }

  private Optional<HostId> hostWithout(VmId vm) {
    List<HostId> taken = fleet.shadowsOf(vm).stream().map(ShadowHold::host).toList();
    return fleet.hosts().stream()
        .map(view -> view.host().id())
        .filter(id -> !taken.contains(id))
        .findFirst();
  }

  private PrimaryPlaced primary(VmId vm, HostId host, boolean claim) {
    int row = vms.find(vm);
    List<GroupId> groups = vms.groupsOf(row);
    Resources size = new Resources(vms.vcpus[row], vms.memoryMib[row], vms.diskGib[row]);
    return new PrimaryPlaced(vm, host, size, groups, claim);
  }
}
