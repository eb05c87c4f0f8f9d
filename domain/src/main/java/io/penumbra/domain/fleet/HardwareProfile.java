package io.penumbra.domain.fleet;

import java.util.List;

/**
 * What a host is made of. Two hosts that share a field can fail for the same reason.
 *
 * @param vendor server maker
 * @param cpuGeneration microarchitecture, for example {@code epyc-milan}
 * @param firmware firmware bundle version
 * @param hypervisor hypervisor and its version
 * @param traits capabilities a request may require or forbid (OpenStack traits), sorted
 */
public record HardwareProfile(
    String vendor, String cpuGeneration, String firmware, String hypervisor, List<String> traits) {

  public HardwareProfile {
    traits = traits.stream().distinct().sorted().toList();
  }
}
