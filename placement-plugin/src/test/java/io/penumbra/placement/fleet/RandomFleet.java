package io.penumbra.placement.fleet;

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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Draws hosts, VMs and requests from a seed; what it drew can be applied to a fleet again. */
public final class RandomFleet {

  public static final Instant NOW = Instant.parse("2026-11-21T00:00:00Z");

  private final RandomGenerator random;
  private final int racks;
  private final boolean boughtByTheRack;
  private int vmsDrawn;

  public RandomFleet(long seed, int racks) {
    this(seed, racks, false);
  }

  private RandomFleet(long seed, int racks, boolean boughtByTheRack) {
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    this.racks = racks;
    this.boughtByTheRack = boughtByTheRack;
  }

  /** Hosts that are all of a size and of one kind within a rack: many pairs score the same. */
  public static RandomFleet boughtByTheRack(long seed, int racks) {
    return new RandomFleet(seed, racks, true);
  }

  public RandomGenerator random() {
    return random;
  }

  public Host host(int number) {
    int rack = random.nextInt(racks);
    if (boughtByTheRack) {
      return hostLikeItsRack(number, rack);
    }
    int cpus = pick(List.of(16, 32, 64));
    return new Host(
        HostId.of("hv-%04d".formatted(number)),
        new Location("az-" + rack % 3, "feed-" + rack % 4, "rack-" + rack, "ch-" + number / 4),
        new HardwareProfile(
            pick(List.of("dell", "hpe")),
            pick(List.of("milan", "genoa", "icelake")),
            pick(List.of("1.0", "1.1", "2.0")),
            pick(List.of("qemu-7", "qemu-8")),
            random.nextInt(4) == 0 ? List.of("GPU") : List.of()),
        new Resources(cpus, cpus * pick(List.of(2048L, 4096L)), 2000),
        NOW.minus(Duration.ofDays(random.nextInt(1500))));
  }

  private Host hostLikeItsRack(int number, int rack) {
    return new Host(
        HostId.of("hv-%04d".formatted(number)),
        new Location("az-" + rack % 2, "feed-" + rack % 4, "rack-" + rack, "ch-" + number / 4),
        new HardwareProfile(
            "dell", "gen-" + rack % 3, rack % 3 + "." + random.nextInt(2), "qemu-8", List.of()),
        new Resources(32, 32 * 4096L, 2000),
        NOW.minus(Duration.ofDays(100L * (rack % 5))));
  }

  /** Hosts, some of them with a risk score, few of them out of service. */
  public List<FleetChange> hosts(int count) {
    List<FleetChange> changes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Host host = host(i);
      changes.add(new FleetChange.HostAdded(host));
      if (!boughtByTheRack && random.nextInt(3) == 0) {
        changes.add(
            new FleetChange.HostRiskChanged(
                host.id(),
                new RiskScore(
                    Math.pow(10, -4 * random.nextDouble()), Duration.ofDays(3), List.of(), "m")));
      }
      if (random.nextInt(12) == 0) {
        changes.add(new FleetChange.HostConditionChanged(host.id(), pick(HostCondition.values())));
      }
    }
    return changes;
  }

  public Vm vm(ProtectionPolicy policy) {
    int cpus = pick(List.of(1, 2, 4, 8, 16));
    Resources size =
        new Resources(cpus, cpus * pick(List.of(1024L, 2048L, 4096L)), 20L * random.nextInt(8));
    List<GroupId> groups =
        random.nextInt(5) == 0 ? List.of(GroupId.of("g" + random.nextInt(5))) : List.of();
    return new Vm(
        VmId.of("vm-" + vmsDrawn++),
        ProjectId.of("p"),
        FlavorId.of("m" + cpus),
        size,
        new TreeMap<>(),
        groups,
        new EffectivePolicy(policy, "test"));
  }

  public ProtectionPolicy policy() {
    ShadowMode mode = pick(ShadowMode.values());
    List<DomainKind> domains = new ArrayList<>();
    for (DomainKind kind : DomainKind.values()) {
      if (random.nextInt(4) == 0) {
        domains.add(kind);
      }
    }
    List<HardwareAspect> aspects =
        random.nextInt(4) == 0 ? List.of(pick(HardwareAspect.values())) : List.of();
    return policy(
        mode,
        mode == ShadowMode.NONE ? 0 : pick(List.of(1, 1, 1, 2, 3)),
        new Diversity(domains, aspects));
  }

  public static ProtectionPolicy policy(ShadowMode mode, int shadows, Diversity diversity) {
    return new ProtectionPolicy(
        mode,
        shadows,
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        diversity,
        CommitMode.ASYNC,
        new RiskThresholds(0.05, 0.2),
        0);
  }

  public PlacementRequest request(Vm vm, List<HostId> known) {
    List<GroupRule> rules = new ArrayList<>();
    for (GroupId group : vm.groups()) {
      rules.add(new GroupRule(group, pick(GroupRule.Kind.values()), pick(DomainKind.values())));
    }
    return new PlacementRequest(
        RequestId.of("r-" + vm.id()),
        NOW,
        vm,
        Optional.empty(),
        List.of(),
        random.nextInt(6) == 0 ? List.of(pick(known), pick(known)) : List.of(),
        offered(vm, known),
        random.nextInt(5) == 0 ? Optional.of("az-" + random.nextInt(3)) : Optional.empty(),
        random.nextInt(12) == 0 ? List.of("GPU") : List.of(),
        random.nextInt(12) == 0 ? List.of("GPU", "FPGA") : List.of(),
        rules,
        random.nextLong());
  }

  /** Every seventh VM is offered every third host; takes nothing from the stream of chance. */
  private static Optional<List<HostId>> offered(Vm vm, List<HostId> known) {
    int lot = vm.id().hashCode();
    return lot % 7 == 0
        ? Optional.of(known.stream().filter(host -> (host.hashCode() ^ lot) % 3 == 0).toList())
        : Optional.empty();
  }

  public <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  public <T> T pick(T[] from) {
    return from[random.nextInt(from.length)];
  }
}
