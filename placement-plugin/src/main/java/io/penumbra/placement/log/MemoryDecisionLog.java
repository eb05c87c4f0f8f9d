package io.penumbra.placement.log;

import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import java.util.ArrayDeque;
import java.util.List;

/**
 * Keeps the newest decisions in memory and forgets the oldest when it is full. Made for simulation:
 * a decision costs one small object, a fleet change costs a counter, because a simulated run is
 * made again from its seed and needs no fleet in its log.
 */
public final class MemoryDecisionLog implements DecisionLog {

  private final int decisionsMax;
  private final ArrayDeque<LoggedDecision> newest = new ArrayDeque<>();
  private long decisions;
  private long changes;

  /**
   * An empty log.
   *
   * @param decisionsMax how many decisions are kept; 0 keeps none and only counts
   */
  public MemoryDecisionLog(int decisionsMax) {
    if (decisionsMax < 0) {
      throw new IllegalArgumentException(
          "decisionsMax is %d; expected 0 or more".formatted(decisionsMax));
    }
    this.decisionsMax = decisionsMax;
  }

  @Override
  public void fleetChanged(long generation, FleetChange change) {
    changes++;
  }

  @Override
  public void decided(PlacementRequest request, PlacementDecision decision) {
    decisions++;
    if (decisionsMax == 0) {
      return;
    }
    if (newest.size() == decisionsMax) {
      newest.removeFirst();
    }
    newest.addLast(new LoggedDecision(decisions, request, decision));
  }

  /** The decisions still kept, oldest first. */
  public List<LoggedDecision> decisions() {
    return List.copyOf(newest);
  }

  /** The decisions still kept that concern one VM, oldest first. */
  public List<LoggedDecision> decisionsOf(VmId vm) {
    return newest.stream().filter(logged -> logged.request().vm().id().equals(vm)).toList();
  }

  /** How many decisions were logged, forgotten ones included. */
  public long decisionCount() {
    return decisions;
  }

  /** How many fleet changes were logged. */
  public long changeCount() {
    return changes;
  }

  @Override
  public void close() {}
}
