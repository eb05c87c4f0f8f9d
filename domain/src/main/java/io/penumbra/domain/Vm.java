package io.penumbra.domain;

import io.penumbra.domain.policy.EffectivePolicy;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One virtual machine as its cloud describes it.
 *
 * @param tags metadata of the VM, ordered by key
 * @param groups affinity and anti-affinity groups the VM belongs to
 * @param policy how the VM is protected, and which rule said so
 */
public record Vm(
    VmId id,
    ProjectId project,
    FlavorId flavor,
    Resources size,
    SortedMap<String, String> tags,
    List<GroupId> groups,
    EffectivePolicy policy) {

  public Vm {
    tags = Collections.unmodifiableSortedMap(new TreeMap<>(tags));
    groups = List.copyOf(groups);
  }

  public Vm withPolicy(EffectivePolicy changed) {
    return new Vm(id, project, flavor, size, tags, groups, changed);
  }
}
