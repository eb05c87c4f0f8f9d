package io.penumbra.domain.placement;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.fleet.DomainKind;

/**
 * What a group asks of its members' primaries.
 *
 * @param scope the failure domain that members share (affinity) or do not share (anti-affinity)
 */
public record GroupRule(GroupId group, Kind kind, DomainKind scope) {

  /** Whether members want to be together or apart; the soft kinds only prefer it. */
  public enum Kind {
    AFFINITY,
    ANTI_AFFINITY,
    SOFT_AFFINITY,
    SOFT_ANTI_AFFINITY
  }
}
