package io.penumbra.simulator.soak;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.fault.FaultMix;
import io.penumbra.simulator.run.Wish;
import io.penumbra.simulator.scenario.FleetSpec;
import io.penumbra.simulator.scenario.HardwareGeneration;
import io.penumbra.simulator.scenario.PolicyMix;
import io.penumbra.simulator.scenario.ScenarioFleet;
import io.penumbra.simulator.scenario.SyncModel;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.random.RandomGenerator;

/**
 * A small random world, drawn from one seed: hosts, VMs, how they are protected and what goes
 * wrong.
 *
 * @param safety how long faults last; then everything heals
 */
record SoakPlan(
    Seeds seeds,
    Instant start,
    FleetSpec fleet,
    List<Host> hosts,
    PolicyMix policies,
    int vms,
    Duration safety,
    FaultMix faults) {

  private static final List<Resources> SIZES =
      List.of(
          new Resources(1, 2_048, 10),
          new Resources(2, 4_096, 20),
          new Resources(2, 8_192, 40),
          new Resources(4, 16_384, 80));
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /** Draws a world. */
  static SoakPlan of(long seed) {
    Seeds seeds = new Seeds(seed);
    return of(seed, FaultMix.swarm(seeds.stream("soak-swarm")));
  }

  /** Draws a world with this mix of faults. */
  static SoakPlan of(long seed, FaultMix faults) {
    Seeds seeds = new Seeds(seed);
    RandomGenerator chance = seeds.stream("soak-world");
    FleetSpec fleet = fleet(chance);
    List<Host> hosts = ScenarioFleet.of(fleet, START, seeds).hosts();
    int vms = 10 + chance.nextInt(51);
    PolicyMix policies = policies(chance);
    Duration safety = Duration.ofMinutes(90 + chance.nextInt(180));
    return new SoakPlan(seeds, START, fleet, hosts, policies, vms, safety, faults);
  }

  private static FleetSpec fleet(RandomGenerator chance) {
    int hosts = 6 + chance.nextInt(19);
    int perRack = 1 + chance.nextInt(4);
    long memory = 32_768L << chance.nextInt(3);
    HardwareGeneration older =
        generation("gen-a", "northwind", List.of("nw-1", "nw-2"), "epyc-rome", memory);
    HardwareGeneration newer =
        generation("gen-b", "contoso", List.of("ct-1"), "sapphire-rapids", memory * 2);
    return new FleetSpec(
        hosts,
        1,
        perRack,
        1 + chance.nextInt(2),
        1,
        4,
        1,
        1,
        chance.nextBoolean() ? List.of(older) : List.of(older, newer));
  }

  private static HardwareGeneration generation(
      String name, String vendor, List<String> firmwares, String cpu, long memory) {
    return new HardwareGeneration(
        name,
        0.5,
        vendor,
        cpu,
        firmwares,
        "qemu-8.2",
        List.of(),
        (int) (memory / 4_096),
        memory,
        memory / 100,
        Duration.ofDays(100),
        Duration.ofDays(900));
  }

  private static PolicyMix policies(RandomGenerator chance) {
    PolicyMix usual = PolicyMix.DEFAULT;
    double warm = 0.2 + 0.6 * chance.nextDouble();
    List<DomainKind> domains =
        switch (chance.nextInt(3)) {
          case 0 -> List.of();
          case 1 -> List.of(DomainKind.RACK);
          default -> List.of(DomainKind.RACK, DomainKind.POWER_FEED);
        };
    return new PolicyMix(
        warm,
        (1 - warm) * chance.nextDouble(),
        chance.nextInt(4) == 0 ? 2 : 1,
        usual.warmRpo(),
        usual.warmRto(),
        Duration.ofMinutes(1),
        usual.coldRto(),
        0.3,
        0.2,
        domains,
        chance.nextInt(5) == 0 ? List.of(HardwareAspect.FIRMWARE) : List.of(),
        0.05,
        0.3,
        Optional.empty());
  }

  /** Who asks for what, with the time of asking in nanoseconds since the start. */
  List<Arrival> arrivals() {
    RandomGenerator chance = seeds.stream("soak-tenants");
    PolicyResolver resolver = policies.resolver();
    List<Arrival> arrivals = new ArrayList<>();
    for (int i = 0; i < vms; i++) {
      Resources size = SIZES.get(chance.nextInt(SIZES.size()));
      ProjectId project = ProjectId.of("project-" + i % 4);
      FlavorId flavor = FlavorId.of("f" + size.vcpus() + "-" + size.memoryMib());
      SortedMap<String, String> tags = policies.tagsOf(seeds, i);
      Vm vm =
          new Vm(
              VmId.of("vm-" + i),
              project,
              flavor,
              size,
              tags,
              List.of(),
              resolver.resolve(project, flavor, tags).effective());
      long at = (long) (chance.nextDouble() * safety.toNanos() * 0.6);
      Optional<Duration> life =
          chance.nextInt(3) == 0
              ? Optional.of(Duration.ofSeconds(60 + chance.nextInt(7_200)))
              : Optional.empty();
      arrivals.add(
          new Arrival(
              at,
              new Wish(i, vm, SyncModel.DEFAULT.forVm(seeds, i, size), life, seeds.of("tie", i))));
    }
    return arrivals;
  }

  /** One wish and when it is made. */
  record Arrival(long at, Wish wish) {}

  @Override
  public String toString() {
    return "%d hosts, %d VMs, %s of faults (%s)".formatted(hosts.size(), vms, safety, faults);
  }
}
