package io.penumbra.placement.fleet;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All hosts as columns. A host keeps its slot as long as it is part of the fleet; slots of removed
 * hosts are used again, so that equal changes lead to equal slots.
 */
final class HostColumns {

  static final int NONE = -1;

  private static final int KINDS = DomainKind.values().length;
  private static final int ASPECTS = HardwareAspect.values().length;

  private final FleetSettings settings;
  private final List<DomainKind> reserveKinds;

  /** Ids by kind and name, for the instances a reserve is counted for. */
  private final Names instances = new Names();

  private final Names[] domainNames = new Names[KINDS];
  private final Names[] aspectNames = new Names[ASPECTS];
  private final Names traitNames = new Names();

  // Looked up, never iterated.
  private final Map<HostId, Integer> slots = new HashMap<>();
  private final IntList free = new IntList();
  private int top;
  private final ReserveLedger nothingHeld = new ReserveLedger();

  @Nullable LiveHost[] view = new LiveHost[16];
  long[] idHash = new long[16];
  int[] capacityVcpus = new int[16];
  long[] capacityMemoryMib = new long[16];
  long[] capacityDiskGib = new long[16];
  int[] allocatedVcpus = new int[16];
  long[] allocatedMemoryMib = new long[16];
  long[] allocatedDiskGib = new long[16];
  int[] primaries = new int[16];
  int[] shadows = new int[16];
  int[] primaryHead = new int[16];
  int[] shadowHead = new int[16];
  int[] cohort = new int[16];
  @Nullable ReserveLedger[] ledger = new ReserveLedger[16];

  /** Domain ids by slot times number of kinds; the kind HOST is the slot itself. */
  int[] domain = new int[16 * KINDS];

  int[] aspect = new int[16 * ASPECTS];
  long[][] traits = new long[16][];
  int[][] reserveInstances = new int[16][];

  long[] rackCapacityMib = new long[16];
  long[] rackFreeMib = new long[16];
  private final List<IntList> rackSlots = new ArrayList<>();

  HostColumns(FleetSettings settings) {
    this.settings = settings;
    // A host is in exactly one instance of every wider kind, so whatever a single host asks for is
    // asked for by those too: with any of them configured, HOST needs no entries of its own.
    reserveKinds =
        settings.correlated().stream()
            .filter(kind -> kind != DomainKind.HOST || settings.correlated().size() == 1)
            .toList();
    for (int i = 0; i < KINDS; i++) {
      domainNames[i] = new Names();
    }
    for (int i = 0; i < ASPECTS; i++) {
      aspectNames[i] = new Names();
    }
  }

  int count() {
    return slots.size();
  }

  /** One more than the highest slot ever used. */
  int top() {
    return top;
  }

  int find(HostId id) {
    return slots.getOrDefault(id, NONE);
  }

  LiveHost at(int slot) {
    LiveHost found = view[slot];
    if (found == null) {
      throw new IllegalStateException("slot %d holds no host".formatted(slot));
    }
    return found;
  }

  int add(Host host) {
    int slot = free.size() > 0 ? free.removeLast() : top++;
    if (slot == view.length) {
      grow();
    }
    slots.put(host.id(), slot);
    view[slot] = new LiveHost(this, slot, host);
    idHash[slot] = TieBreak.idHash(host.id());
    Resources capacity = settings.effective(host.capacity());
    capacityVcpus[slot] = capacity.vcpus();
    capacityMemoryMib[slot] = capacity.memoryMib();
    capacityDiskGib[slot] = capacity.diskGib();
    allocatedVcpus[slot] = 0;
    allocatedMemoryMib[slot] = 0;
    allocatedDiskGib[slot] = 0;
    primaries[slot] = 0;
    shadows[slot] = 0;
    primaryHead[slot] = VmTable.NONE;
    shadowHead[slot] = ShadowTable.NONE;
    ledger[slot] = null;
    cohort[slot] = cohort(host);
    name(slot, host);
    joinRack(slot);
    return slot;
  }

  void remove(int slot) {
    int rack = rack(slot);
    rackCapacityMib[rack] -= capacityMemoryMib[slot];
    rackFreeMib[rack] -= freeMemoryMib(slot);
    rackSlots.get(rack).remove(slot);
    slots.remove(at(slot).host().id());
    view[slot] = null;
    ledger[slot] = null;
    free.add(slot);
  }

  static int cohort(Host host) {
    return (int)
        Math.floorDiv(host.commissioned().getEpochSecond(), 86_400L * HostView.COHORT_DAYS);
  }

  int domainOf(int slot, DomainKind kind) {
    return kind == DomainKind.HOST ? slot : domain[slot * KINDS + at(kind)];
  }

  int aspectOf(int slot, HardwareAspect kind) {
    return aspect[slot * ASPECTS + at(kind)];
  }

  int attributeOf(HostView host, HostAttribute attribute) {
    if (host instanceof LiveHost live && view[live.slot()] == live) {
      return attributeOf(live.slot(), attribute);
    }
    throw new IllegalArgumentException(
        "host %s is not part of this fleet".formatted(host.host().id()));
  }

  int attributeOf(int slot, HostAttribute attribute) {
    return switch (attribute) {
      case CHASSIS -> domainOf(slot, DomainKind.CHASSIS);
      case RACK -> rack(slot);
      case POWER_FEED -> domainOf(slot, DomainKind.POWER_FEED);
      case ZONE -> zone(slot);
      case VENDOR -> aspectOf(slot, HardwareAspect.VENDOR);
      case CPU_GENERATION -> aspectOf(slot, HardwareAspect.CPU_GENERATION);
      case FIRMWARE -> aspectOf(slot, HardwareAspect.FIRMWARE);
      case HYPERVISOR -> aspectOf(slot, HardwareAspect.HYPERVISOR);
      case COHORT -> cohort[slot];
    };
  }

  int rack(int slot) {
    return domain[slot * KINDS + at(DomainKind.RACK)];
  }

  int zone(int slot) {
    return domain[slot * KINDS + at(DomainKind.ZONE)];
  }

  IntList slotsOfRack(int rack) {
    return rackSlots.get(rack);
  }

  int domainId(DomainKind kind, String name) {
    return domainNames[at(kind)].idOr(name, NONE);
  }

  int traitId(String trait) {
    return traitNames.idOr(trait, NONE);
  }

  boolean hasTrait(int slot, int trait) {
    long[] bits = traits[slot];
    return trait >= 0 && (trait >> 6) < bits.length && (bits[trait >> 6] >>> trait & 1) != 0;
  }

  int neededVcpus(int slot) {
    ReserveLedger held = ledger[slot];
    return held == null ? 0 : held.vcpus();
  }

  long neededMemoryMib(int slot) {
    ReserveLedger held = ledger[slot];
    return held == null ? 0 : held.memoryMib();
  }

  long neededDiskGib(int slot) {
    ReserveLedger held = ledger[slot];
    return held == null ? 0 : held.diskGib();
  }

  /** What is not allocated; the reserve is kept out of this. Never below 0. */
  int roomVcpus(int slot) {
    return Math.max(0, capacityVcpus[slot] - allocatedVcpus[slot]);
  }

  long roomMemoryMib(int slot) {
    return Math.max(0, capacityMemoryMib[slot] - allocatedMemoryMib[slot]);
  }

  long roomDiskGib(int slot) {
    return Math.max(0, capacityDiskGib[slot] - allocatedDiskGib[slot]);
  }

  int freeVcpus(int slot) {
    return Math.max(0, roomVcpus(slot) - neededVcpus(slot));
  }

  long freeMemoryMib(int slot) {
    return Math.max(0, roomMemoryMib(slot) - neededMemoryMib(slot));
  }

  long freeDiskGib(int slot) {
    return Math.max(0, roomDiskGib(slot) - neededDiskGib(slot));
  }

  /** For reading only: hosts without shadows share an empty one. */
  ReserveLedger ledgerView(int slot) {
    ReserveLedger held = ledger[slot];
    return held == null ? nothingHeld : held;
  }

  ReserveLedger ledgerOf(int slot) {
    ReserveLedger held = ledger[slot];
    if (held == null) {
      held = new ReserveLedger();
      ledger[slot] = held;
    }
    return held;
  }

  @SuppressWarnings("EnumOrdinal") // columns are laid out by kind; nothing of it is ever stored
  private static int at(Enum<?> kind) {
    return kind.ordinal();
  }

  private void name(int slot, Host host) {
    for (DomainKind kind : DomainKind.values()) {
      domain[slot * KINDS + at(kind)] =
          kind == DomainKind.HOST ? slot : domainNames[at(kind)].idOf(kind.of(host));
    }
    for (HardwareAspect kind : HardwareAspect.values()) {
      aspect[slot * ASPECTS + at(kind)] = aspectNames[at(kind)].idOf(kind.of(host.hardware()));
    }
    reserveInstances[slot] = new int[reserveKinds.size()];
    for (int i = 0; i < reserveKinds.size(); i++) {
      DomainKind kind = reserveKinds.get(i);
      reserveInstances[slot][i] = instances.idOf(kind.name() + ' ' + kind.of(host));
    }
    long[] bits = new long[1];
    for (String trait : host.hardware().traits()) {
      int id = traitNames.idOf(trait);
      if (id >> 6 >= bits.length) {
        bits = Arrays.copyOf(bits, (id >> 6) + 1);
      }
      bits[id >> 6] |= 1L << id;
    }
    traits[slot] = bits;
  }

  private void joinRack(int slot) {
    int rack = rack(slot);
    while (rackSlots.size() <= rack) {
      rackSlots.add(new IntList());
    }
    if (rack >= rackCapacityMib.length) {
      rackCapacityMib = Arrays.copyOf(rackCapacityMib, rack * 2);
      rackFreeMib = Arrays.copyOf(rackFreeMib, rack * 2);
    }
    rackSlots.get(rack).add(slot);
    rackCapacityMib[rack] += capacityMemoryMib[slot];
    rackFreeMib[rack] += freeMemoryMib(slot);
  }

  private void grow() {
    int to = view.length * 2;
    view = Arrays.copyOf(view, to);
    idHash = Arrays.copyOf(idHash, to);
    capacityVcpus = Arrays.copyOf(capacityVcpus, to);
    capacityMemoryMib = Arrays.copyOf(capacityMemoryMib, to);
    capacityDiskGib = Arrays.copyOf(capacityDiskGib, to);
    allocatedVcpus = Arrays.copyOf(allocatedVcpus, to);
    allocatedMemoryMib = Arrays.copyOf(allocatedMemoryMib, to);
    allocatedDiskGib = Arrays.copyOf(allocatedDiskGib, to);
    primaries = Arrays.copyOf(primaries, to);
    shadows = Arrays.copyOf(shadows, to);
    primaryHead = Arrays.copyOf(primaryHead, to);
    shadowHead = Arrays.copyOf(shadowHead, to);
    cohort = Arrays.copyOf(cohort, to);
    ledger = Arrays.copyOf(ledger, to);
    domain = Arrays.copyOf(domain, to * KINDS);
    aspect = Arrays.copyOf(aspect, to * ASPECTS);
    traits = Arrays.copyOf(traits, to);
    reserveInstances = Arrays.copyOf(reserveInstances, to);
  }
}
