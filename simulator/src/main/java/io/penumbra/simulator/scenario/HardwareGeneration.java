package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;
import java.util.List;

/** Hosts bought together: one maker, one CPU generation, a few firmware versions, one age. */
public record HardwareGeneration(
    @Setting("name of the generation") String name,
    @Setting("share of the fleet; shares of all generations are brought to a sum of 1")
        double share,
    @Setting("server maker") String vendor,
    @Setting("CPU microarchitecture") String cpuGeneration,
    @Setting("firmware bundle versions in use, each on an equal share of the hosts")
        List<String> firmwares,
    @Setting("hypervisor and its version") String hypervisor,
    @Setting("capability traits of the hosts (OpenStack traits)") List<String> traits,
    @Setting("CPU threads, before overcommit") int vcpus,
    @Setting("memory in MiB, before overcommit") long memoryMib,
    @Setting("local disk in GiB, before overcommit") long diskGib,
    @Setting("age of the youngest hosts when the run begins") Duration ageMin,
    @Setting("age of the oldest hosts when the run begins") Duration ageMax) {

  public HardwareGeneration {
    Guard.identifier("hardware generation name", name);
    Guard.positive("share of hardware generation " + name, share);
    firmwares = List.copyOf(firmwares);
    traits = List.copyOf(traits);
    if (firmwares.isEmpty()) {
      throw new IllegalArgumentException(
          "hardware generation %s has no firmwares; expected at least one".formatted(name));
    }
    Require.between("vcpus of hardware generation " + name, vcpus, 1, 65_536);
    Require.between("memoryMib of hardware generation " + name, memoryMib, 1, 1L << 40);
    Guard.notNegative("diskGib of hardware generation " + name, diskGib);
    if (ageMin.isNegative() || ageMin.compareTo(ageMax) > 0) {
      throw new IllegalArgumentException(
          "hardware generation %s has ageMin %s and ageMax %s; expected 0 <= ageMin <= ageMax"
              .formatted(name, Durations.format(ageMin), Durations.format(ageMax)));
    }
  }
}
