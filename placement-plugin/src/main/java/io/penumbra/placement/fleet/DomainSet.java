package io.penumbra.placement.fleet;

import io.penumbra.domain.fleet.DomainKind;
import java.util.Arrays;

/** A set of failure domains of one kind, asked whether a host stands in one of them. */
public final class DomainSet {

  private final HostColumns columns;
  private final DomainKind kind;
  private final int[] sortedIds;

  DomainSet(HostColumns columns, DomainKind kind, int[] sortedIds) {
    this.columns = columns;
    this.kind = kind;
    this.sortedIds = sortedIds;
  }

  /** How many domains there are in the set. */
  public int size() {
    return sortedIds.length;
  }

  public boolean holds(HostView host) {
    return sortedIds.length > 0
        && host instanceof LiveHost live
        && Arrays.binarySearch(sortedIds, columns.domainOf(live.slot(), kind)) >= 0;
  }
}
