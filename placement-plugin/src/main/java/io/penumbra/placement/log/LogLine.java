package io.penumbra.placement.log;

import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import java.util.List;
import java.util.Optional;

/**
 * One line of a segment. A segment is a {@link SegmentStart}, as many {@link Snapshot} lines as it
 * announces, and then changes and decisions in the order in which they happened.
 */
sealed interface LogLine {

  /** Goes up when the meaning of a line changes. */
  int FORMAT = 2;

  /**
   * What holds for the whole segment.
   *
   * @param generation of the fleet that the snapshot rebuilds
   * @param firstDecision number of the first decision after the snapshot
   * @param snapshotLines how many lines follow that rebuild the fleet
   */
  record SegmentStart(
      int format,
      long segment,
      long generation,
      long firstDecision,
      int snapshotLines,
      FleetSettings fleet,
      PlacementSettings placement)
      implements LogLine {
    public SegmentStart {
      if (format != FORMAT) {
        throw new IllegalArgumentException(
            "format %d; this version reads format %d".formatted(format, FORMAT));
      }
    }
  }

  /** One of the changes that rebuild the fleet as it was when the segment was begun. */
  record Snapshot(FleetChange change) implements LogLine {}

  /** A change of the fleet, and the generation it led to. */
  record Change(long generation, FleetChange change) implements LogLine {}

  /** A decision, with its table where the fleet was small. */
  record Decision(
      long number,
      PlacementRequest request,
      PlacementDecision decision,
      Optional<Verdicts> verdicts)
      implements LogLine {

    LoggedDecision logged() {
      return new LoggedDecision(number, request, decision);
    }

    Optional<DecisionTable> table() {
      return verdicts.map(v -> new DecisionTable(decision, v.primaries(), v.shadows(), v.effort()));
    }
  }

  /** A decision's table without the decision, which stands beside it. */
  record Verdicts(
      List<DecisionTable.Row> primaries,
      List<DecisionTable.Row> shadows,
      DecisionTable.SearchEffort effort) {

    static Verdicts of(DecisionTable table) {
      return new Verdicts(table.primaries(), table.shadows(), table.effort());
    }
  }
}
