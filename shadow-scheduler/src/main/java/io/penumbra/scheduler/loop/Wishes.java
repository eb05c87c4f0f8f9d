package io.penumbra.scheduler.loop;

import io.penumbra.domain.placement.GroupRule;
import io.penumbra.domain.placement.PlacementRequest;
import java.util.List;
import java.util.Optional;

/**
 * What a VM's first placement was asked for besides its policy. Whatever is placed for that VM
 * later is asked for the same; the cloud does not say it again.
 */
record Wishes(
    Optional<String> zone,
    List<String> requiredTraits,
    List<String> forbiddenTraits,
    List<GroupRule> groups) {

  static final Wishes NONE = new Wishes(Optional.empty(), List.of(), List.of(), List.of());

  Wishes {
    requiredTraits = List.copyOf(requiredTraits);
    forbiddenTraits = List.copyOf(forbiddenTraits);
    groups = List.copyOf(groups);
  }

  static Wishes of(PlacementRequest request) {
    return new Wishes(
        request.zone(), request.requiredTraits(), request.forbiddenTraits(), request.groups());
  }
}
