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
import java.time.Instant;
import java.util.ArrayList;
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
 * @param hosts those the scheduler can still choose from, by name; empty for all
 * @param ignore hosts that were tried already
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
   * Whether it is about a shadow's own server: its host was chosen together with its primary's, and
   * is not chosen again.
   */
  boolean isShadow() {
    return tags.orElse(Map.of()).containsKey(PolicyResolver.TAG_PREFIX + "shadow-of");
  }

  /** The VM with the policy that tags, flavor and rules give it. */
  PolicyResolver.Resolution policy(PolicyResolver resolver) {
    return resolver.resolve(ProjectId.of(project), FlavorId.of(flavor), marks());
  }

  PlacementRequest placement(PolicyResolver.Resolution policy, Instant now, List<HostId> known) {
    Vm asked =
        new Vm(
            VmId.of(vm),
            ProjectId.of(project),
            FlavorId.of(flavor),
            new Resources(vcpus, memoryMib, diskGib),
            marks(),
            groups.orElse(List.of()).stream().map(GroupId::of).toList(),
            policy.effective());
    List<HostId> excluded = new ArrayList<>();
    for (HostId host : known) {
      boolean offered = hosts.isEmpty() || hosts.contains(host.value());
      if (!offered || ignore.orElse(List.of()).contains(host.value())) {
        excluded.add(host);
      }
    }
    return new PlacementRequest(
        RequestId.of(request),
        now,
        asked,
        Optional.empty(),
        List.of(),
        excluded,
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
