package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;
import java.util.List;

/**
 * Hosts and where they stand. Hosts fill chassis, chassis fill racks, racks share power feeds, and
 * feeds stand in zones.
 */
public record FleetSpec(
    @Setting("number of hosts") int hosts,
    @Setting("hosts in one chassis (shared backplane and fans)") int hostsPerChassis,
    @Setting("hosts in one rack") int hostsPerRack,
    @Setting("racks on one power feed") int racksPerPowerFeed,
    @Setting("availability zones; each has feeds of its own") int zones,
    @Setting("virtual CPUs promised per CPU thread") double cpuOvercommit,
    @Setting("memory promised per memory that is there") double memoryOvercommit,
    @Setting("disk promised per disk that is there") double diskOvercommit,
    @Setting("hardware the hosts are made of") List<HardwareGeneration> generations) {

  public static final FleetSpec DEFAULT =
      new FleetSpec(
          200,
          4,
          20,
          4,
          2,
          4,
          1,
          1,
          List.of(
              new HardwareGeneration(
                  "gen-a",
                  0.3,
                  "northwind",
                  "epyc-rome",
                  List.of("nw-2.8.1", "nw-2.9.0"),
                  "qemu-7.2",
                  List.of(),
                  64,
                  524_288,
                  8_192,
                  Duration.ofDays(1_100),
                  Duration.ofDays(1_700)),
              new HardwareGeneration(
                  "gen-b",
                  0.4,
                  "northwind",
                  "epyc-milan",
                  List.of("nw-3.1.4"),
                  "qemu-8.2",
                  List.of(),
                  96,
                  786_432,
                  12_288,
                  Duration.ofDays(400),
                  Duration.ofDays(1_000)),
              new HardwareGeneration(
                  "gen-c",
                  0.3,
                  "contoso",
                  "sapphire-rapids",
                  List.of("ct-1.0.7", "ct-1.1.2"),
                  "qemu-8.2",
                  List.of(),
                  112,
                  1_048_576,
                  16_384,
                  Duration.ofDays(30),
                  Duration.ofDays(360))));

  public FleetSpec {
    Require.between("hosts", hosts, 1, 1_000_000);
    Require.between("hostsPerChassis", hostsPerChassis, 1, 1_000);
    Require.between("hostsPerRack", hostsPerRack, 1, 100_000);
    Require.between("racksPerPowerFeed", racksPerPowerFeed, 1, 100_000);
    Require.between("zones", zones, 1, 1_000);
    Guard.positive("cpuOvercommit", cpuOvercommit);
    Guard.positive("memoryOvercommit", memoryOvercommit);
    Guard.positive("diskOvercommit", diskOvercommit);
    generations = List.copyOf(generations);
    if (generations.isEmpty()) {
      throw new IllegalArgumentException("generations is empty; expected at least one");
    }
  }

  /** How many racks the hosts fill. */
  public int racks() {
    return Math.ceilDiv(hosts, hostsPerRack);
  }
}
