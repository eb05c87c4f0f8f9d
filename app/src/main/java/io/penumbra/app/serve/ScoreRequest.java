package io.penumbra.app.serve;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.scheduler.loop.LoopView;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A scheduler asks once per request for all hosts.
 *
 * @param request its own id of the request; the same id asked twice is the same question
 * @param tags metadata of the server, over extra specs of the flavor where both say something
 * @param extraSpecs of the flavor
 * @param hosts those the scheduler can still choose from, by name; empty for all; shadows may stand
 *     elsewhere
 * @param ignore hosts that were tried already; nor do shadows stand on them
 * @param zone availability zone, if one is asked for
 * @param claim whether room is to be promised: false for a dry run
 */
record ScoreRequest(
    String request,
    String vm,
    String project,
    String flavor,
    int vcpus,
    long memoryMib,
    long diskGib,
    Optional<Map<String, String>> tags,
    Optional<Map<String, String>> extraSpecs,
    List<String> hosts,
    Optional<List<String>> ignore,
    Optional<String> zone,
    Optional<List<String>> groups,
    boolean claim) {

  ScoreRequest {
    hosts = List.copyOf(hosts);
  }

  /**
   * The VM whose shadow's own server this says it is: its host was chosen together with its
   * primary's, and is not chosen again. Anybody may write such a tag.
   */
  Optional<VmId> shadowOf() {
    return Optional.ofNullable(tags.orElse(Map.of()).get(PolicyResolver.TAG_PREFIX + "shadow-of"))
        .filter(id -> !id.isBlank())
        .map(VmId::of);
  }

  /** Whether one of a VM's shadows was given a host that this server can still be put on. */
  boolean isShadowOf(LoopView.VmView primary) {
    return primary.shadows().stream()
        .anyMatch(shadow -> hosts.isEmpty() || hosts.contains(shadow.host().value()));
  }

  /** Flavors may have blanks in their names, ids have none; what reads the cloud does the same. */
  static FlavorId flavorOf(String name) {
    String word = name.strip().replaceAll("[\\s\\p{Cntrl}]+", "_");
    return FlavorId.of(word.isEmpty() ? "unknown" : word);
  }

  /** The VM with the policy that tags, flavor and rules give it. */
  PolicyResolver.Resolution policy(PolicyResolver resolver) {
    return resolver.resolve(ProjectId.of(project), flavorOf(flavor), marks());
  }

  PlacementRequest placement(PolicyResolver.Resolution policy, Instant now) {
    Vm asked =
        new Vm(
            VmId.of(vm),
            ProjectId.of(project),
            flavorOf(flavor),
            new Resources(vcpus, memoryMib, diskGib),
            marks(),
            groups.orElse(List.of()).stream().map(GroupId::of).toList(),
            policy.effective());
    return new PlacementRequest(
        RequestId.of(request),
        now,
        asked,
        Optional.empty(),
        List.of(),
        ignore.orElse(List.of()).stream().map(HostId::of).toList(),
        hosts.isEmpty() ? Optional.empty() : Optional.of(hosts.stream().map(HostId::of).toList()),
        zone,
        List.of(),
        List.of(),
        List.of(),
        request.hashCode());
  }

  /** What says how the VM is protected: the flavor's extra specs, and over them its own tags. */
  private SortedMap<String, String> marks() {
    TreeMap<String, String> marks = new TreeMap<>();
    extraSpecs
        .orElse(Map.of())
        .forEach((key, value) -> {
          if (key.startsWith(PolicyResolver.TAG_PREFIX)) {
            marks.put(key, value);
          }
        });
    marks.putAll(tags.orElse(Map.of()));
    return marks;
  }
}
