package io.penumbra.simulator.scenario;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.simulator.chance.Seeds;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The hosts of a scenario, each with an index from 0 that the failure schedule and telemetry use.
 * Host names are padded, so the order of the names is the order of the indices.
 */
public final class ScenarioFleet {

  private final List<Host> hosts;
  private final Map<HostId, Integer> indices;

  private ScenarioFleet(List<Host> hosts) {
    this.hosts = List.copyOf(hosts);
    this.indices = HashMap.newHashMap(hosts.size());
    for (int i = 0; i < hosts.size(); i++) {
      indices.put(hosts.get(i).id(), i);
    }
  }

  /** Builds the fleet; depends on the scenario's fleet, start and seed only. */
  public static ScenarioFleet of(Scenario scenario) {
    return of(scenario.fleet(), scenario.start(), scenario.seeds());
  }

  /** Builds a fleet whose ages are counted back from {@code start}. */
  public static ScenarioFleet of(FleetSpec spec, Instant start, Seeds seeds) {
    List<HardwareGeneration> byRack = generationOfEachBlock(spec);
    int blockSize = blockSize(spec);
    int feeds = Math.ceilDiv(spec.racks(), spec.racksPerPowerFeed());
    int width = Math.max(4, Integer.toString(spec.hosts() - 1).length());
    List<Host> hosts = new ArrayList<>(spec.hosts());
    for (int i = 0; i < spec.hosts(); i++) {
      int rack = i / spec.hostsPerRack();
      int chassis = i / spec.hostsPerChassis();
      int feed = rack / spec.racksPerPowerFeed();
      int zone = (int) ((long) feed * spec.zones() / Math.max(feeds, spec.zones()));
      HardwareGeneration generation = byRack.get(i / blockSize);
      hosts.add(
          new Host(
              HostId.of("hv-" + padded(i, width)),
              new Location(
                  "zone-" + (zone + 1),
                  "feed-" + padded(feed + 1, 2),
                  "rack-" + padded(rack + 1, 3),
                  "chassis-" + padded(chassis + 1, 4)),
              profile(generation, seeds, i),
              new Resources(generation.vcpus(), generation.memoryMib(), generation.diskGib()),
              start.minus(age(generation, seeds, i / blockSize))));
    }
    return new ScenarioFleet(hosts);
  }

  public int size() {
    return hosts.size();
  }

  /** All hosts, by index, which is also the order of their names. */
  public List<Host> hosts() {
    return hosts;
  }

  public Host host(int index) {
    return hosts.get(index);
  }

  /** The index of a host of this fleet. */
  public int indexOf(HostId id) {
    Integer index = indices.get(id);
    if (index == null) {
      throw new IllegalArgumentException(
          "host %s is not one of the %d hosts of the scenario".formatted(id, hosts.size()));
    }
    return index;
  }

  /** Host indices by the name of the failure domain they stand in. */
  public SortedMap<String, List<Integer>> by(DomainKind kind) {
    return group(kind::of);
  }

  /** Host indices by firmware version. */
  public SortedMap<String, List<Integer>> byFirmware() {
    return group(host -> host.hardware().firmware());
  }

  private SortedMap<String, List<Integer>> group(Function<Host, String> key) {
    SortedMap<String, List<Integer>> groups = new TreeMap<>();
    for (int i = 0; i < hosts.size(); i++) {
      groups.computeIfAbsent(key.apply(hosts.get(i)), _ -> new ArrayList<>()).add(i);
    }
    return groups;
  }

  /**
   * Hosts are bought by the rack. A fleet of few racks is bought by the chassis instead, or there
   * would be no other hardware to put a shadow on.
   */
  private static int blockSize(FleetSpec spec) {
    return spec.racks() >= 2 * spec.generations().size()
        ? spec.hostsPerRack()
        : Math.min(spec.hostsPerChassis(), spec.hostsPerRack());
  }

  /**
   * Each block goes to the generation that is furthest behind its share: an even mix, no chance.
   */
  private static List<HardwareGeneration> generationOfEachBlock(FleetSpec spec) {
    List<HardwareGeneration> generations = spec.generations();
    double total = generations.stream().mapToDouble(HardwareGeneration::share).sum();
    int[] given = new int[generations.size()];
    int blocks = Math.ceilDiv(spec.hosts(), blockSize(spec));
    List<HardwareGeneration> result = new ArrayList<>(blocks);
    for (int block = 0; block < blocks; block++) {
      int best = 0;
      double bestLag = Double.NEGATIVE_INFINITY;
      for (int g = 0; g < generations.size(); g++) {
        double lag = generations.get(g).share() / total * (block + 1) - given[g];
        if (lag > bestLag + 1e-9) {
          best = g;
          bestLag = lag;
        }
      }
      given[best]++;
      result.add(generations.get(best));
    }
    return result;
  }

  private static HardwareProfile profile(HardwareGeneration generation, Seeds seeds, int host) {
    List<String> firmwares = generation.firmwares();
    int firmware = (int) (seeds.uniform("fleet-firmware", host) * firmwares.size());
    return new HardwareProfile(
        generation.vendor(),
        generation.cpuGeneration(),
        firmwares.get(firmware),
        generation.hypervisor(),
        generation.traits());
  }

  private static Duration age(HardwareGeneration generation, Seeds seeds, int block) {
    long least = generation.ageMin().toHours();
    long span = generation.ageMax().toHours() - least;
    return Duration.ofHours(least + Math.round(span * seeds.uniform("fleet-age", block)));
  }

  private static String padded(int number, int width) {
    String digits = Integer.toString(number);
    return "0".repeat(Math.max(0, width - digits.length())) + digits;
  }
}
