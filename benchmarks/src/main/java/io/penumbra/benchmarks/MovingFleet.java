package io.penumbra.benchmarks;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.GroupRule;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.ShadowSizing;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.ShadowHold;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A fleet of which every host is filled to between 60 and 80 % of its memory, and which keeps
 * moving: what is decided is claimed and applied, and about as much is released.
 *
 * <p>Three zones, two power feeds each, racks of 40 hosts, chassis of 4; three vendors, four CPU
 * generations, eight firmware versions; one host in 100 is not in service. Half of the VMs want a
 * warm shadow in another rack, three in ten a cold one, some with another firmware or power feed.
 */
final class MovingFleet {

  private static final Instant NOW = Instant.parse("2026-11-21T00:00:00Z");

  private final RandomGenerator random;
  private final Fleet fleet = new Fleet(FleetSettings.defaults());
  private final Placer placer;
  private final List<HostId> hosts = new ArrayList<>();
  private final List<VmId> running = new ArrayList<>();
  private int vmsDrawn;
  private int refused;
  private int decided;

  MovingFleet(int hostCount, long seed, PlacementSettings settings) {
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int i = 0; i < hostCount; i++) {
      addHost(i);
    }
    placer = new Placer(fleet, settings);
    fill();
  }

  Placer placer() {
    return placer;
  }

  Fleet fleet() {
    return fleet;
  }

  int decided() {
    return decided;
  }

  int refused() {
    return refused;
  }

  PlacementRequest nextRequest() {
    Vm vm = drawVm();
    List<GroupRule> rules = new ArrayList<>();
    for (GroupId group : vm.groups()) {
      rules.add(
          new GroupRule(
              group,
              random.nextBoolean()
                  ? GroupRule.Kind.ANTI_AFFINITY
                  : GroupRule.Kind.SOFT_ANTI_AFFINITY,
              random.nextBoolean() ? DomainKind.HOST : DomainKind.RACK));
    }
    return new PlacementRequest(
        RequestId.of("r-" + vm.id()),
        NOW,
        vm,
        Optional.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        random.nextInt(5) == 0 ? Optional.of("az-" + random.nextInt(3)) : Optional.empty(),
        random.nextInt(20) == 0 ? List.of("GPU") : List.of(),
        List.of(),
        rules,
        random.nextLong());
  }

  /** A request that no host can ever fit. */
  PlacementRequest impossibleRequest() {
    Vm drawn = drawVm();
    Vm vm =
        new Vm(
            drawn.id(),
            drawn.project(),
            drawn.flavor(),
            new Resources(8, 1L << 30, 100),
            drawn.tags(),
            List.of(),
            drawn.policy());
    return PlacementRequest.create(RequestId.of("r-" + vm.id()), NOW, vm, random.nextLong());
  }

  /** Claims and applies what was decided, and releases a VM for every one that came. */
  void goOn(PlacementRequest request, PlacementDecision decision) {
    decided++;
    if (!(decision.answer() instanceof Placed)) {
      refused++;
      return;
    }
    if (placer.claim(request, decision) instanceof ClaimResult.Claimed claimed) {
      claimed.changes().forEach(fleet::apply);
      running.add(request.vm().id());
      release();
    }
  }

  private void release() {
    int at = random.nextInt(running.size());
    VmId vm = running.get(at);
    running.set(at, running.getLast());
    running.removeLast();
    fleet.apply(new FleetChange.PrimaryReleased(vm));
    for (ShadowHold hold : fleet.shadowsOf(vm)) {
      fleet.apply(new FleetChange.ShadowReleased(vm, hold.host()));
    }
  }

  private void addHost(int number) {
    int rack = number / 40;
    int cpus = pick(List.of(64, 96, 128));
    Host host =
        new Host(
            HostId.of("hv-%06d".formatted(number)),
            new Location(
                "az-" + rack % 3, "feed-" + rack % 6, "rack-" + rack, "chassis-" + number / 4),
            new HardwareProfile(
                pick(List.of("dell", "hpe", "supermicro")),
                pick(List.of("icelake", "sapphire-rapids", "milan", "genoa")),
                "fw-" + random.nextInt(8),
                pick(List.of("qemu-8.2", "qemu-9.1")),
                random.nextInt(20) == 0 ? List.of("GPU") : List.of()),
            new Resources(cpus, cpus * pick(List.of(4096L, 8192L)), 8000),
            NOW.minus(Duration.ofDays(random.nextInt(1800))));
    fleet.apply(new FleetChange.HostAdded(host));
    fleet.apply(
        new FleetChange.HostRiskChanged(
            host.id(),
            new RiskScore(
                Math.pow(10, -4 + 3 * random.nextDouble()), Duration.ofDays(3), List.of(), "m")));
    if (random.nextInt(100) == 0) {
      fleet.apply(
          new FleetChange.HostConditionChanged(
              host.id(), pick(List.of(HostCondition.MAINTENANCE, HostCondition.QUARANTINED))));
    }
    hosts.add(host.id());
  }

  /** Fills every host by chance and not by the placer, which would take longer than measuring. */
  private void fill() {
    for (HostId id : hosts) {
      HostView host = fleet.host(id).orElseThrow();
      double target = 0.6 + 0.2 * random.nextDouble();
      while (1 - (double) host.freeMemoryMib() / host.capacityMemoryMib() < target) {
        Vm vm = drawVm();
        if (!vm.size().fitsIn(host.free())) {
          break;
        }
        fleet.apply(new FleetChange.PrimaryPlaced(vm.id(), id, vm.size(), vm.groups(), false));
        running.add(vm.id());
        shadow(vm, id);
      }
    }
  }

  private void shadow(Vm vm, HostId primary) {
    ShadowMode mode = vm.policy().policy().mode();
    HostId other = hosts.get(random.nextInt(hosts.size()));
    HostView view = fleet.host(other).orElseThrow();
    ShadowSizing sizing = ShadowSizing.defaults();
    if (mode != ShadowMode.NONE
        && !other.equals(primary)
        && view.freeMemoryMib() > view.capacityMemoryMib() / 4
        && vm.size().fitsIn(view.free())) {
      fleet.apply(
          new FleetChange.ShadowPlaced(
              vm.id(),
              other,
              sizing.resident(mode, vm.size(), 0),
              sizing.reserve(mode, vm.size(), 0)));
    }
  }

  private Vm drawVm() {
    int cpus = pick(List.of(1, 2, 2, 4, 4, 8, 16));
    int kind = random.nextInt(10);
    ShadowMode mode = kind < 5 ? ShadowMode.WARM : kind < 8 ? ShadowMode.COLD : ShadowMode.NONE;
    Diversity diversity =
        switch (random.nextInt(4)) {
          case 0 -> new Diversity(List.of(DomainKind.POWER_FEED), List.of());
          case 1 -> new Diversity(List.of(DomainKind.RACK), List.of(HardwareAspect.FIRMWARE));
          default -> new Diversity(List.of(DomainKind.RACK), List.of());
        };
    ProtectionPolicy policy =
        new ProtectionPolicy(
            mode,
            mode == ShadowMode.NONE ? 0 : 1,
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            diversity,
            CommitMode.ASYNC,
            new RiskThresholds(0.05, 0.2),
            0);
    return new Vm(
        VmId.of("vm-" + vmsDrawn++),
        ProjectId.of("p"),
        FlavorId.of("m" + cpus),
        new Resources(cpus, cpus * pick(List.of(2048L, 4096L, 8192L)), 10L * cpus),
        new TreeMap<>(),
        random.nextInt(10) == 0 ? List.of(GroupId.of("g" + random.nextInt(5000))) : List.of(),
        new EffectivePolicy(policy, "benchmark"));
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
