package io.penumbra.placement;

import io.penumbra.domain.HostId;
import io.penumbra.placement.PlacementDecision.WeigherScore;
import io.penumbra.placement.spi.Verdict;
import java.util.List;

/**
 * Everything placement knew when it decided: per host the verdict of every filter and the score of
 * every weigher. Made by a full scan, on demand.
 *
 * @param decision what was decided
 * @param primaries one row per host, in id order, as primary; empty when the primary was given
 * @param shadows one row per host, in id order, as shadow of the chosen primary; empty when none
 *     was wanted or no primary was found
 * @param effort how far the search went
 */
public record DecisionTable(
    PlacementDecision decision, List<Row> primaries, List<Row> shadows, SearchEffort effort) {

  public DecisionTable {
    primaries = List.copyOf(primaries);
    shadows = List.copyOf(shadows);
  }

  /**
   * One host in one role.
   *
   * @param verdicts of every filter, in the filters' order
   * @param scores of every weigher, in the weighers' order, also for refused hosts
   * @param total sum of the contributions
   */
  public record Row(
      HostId host, List<FilterVerdict> verdicts, List<WeigherScore> scores, double total) {
    public Row {
      verdicts = List.copyOf(verdicts);
      scores = List.copyOf(scores);
    }

    /** Whether every filter let the host pass. */
    public boolean passed() {
      return verdicts.stream().allMatch(v -> v.verdict() instanceof Verdict.Pass);
    }
  }

  /** What the named filter said. */
  public record FilterVerdict(String filter, Verdict verdict) {}

  /**
   * How far a search for a pair went.
   *
   * @param primariesExamined primaries for which shadows were searched
   * @param hostsChecked hosts that were put before the filters
   * @param nodesOpened inner nodes of the index that were opened
   * @param capped true when {@code pairCandidatesMax} ended the search and not the bound
   */
  public record SearchEffort(
      int primariesExamined, int hostsChecked, int nodesOpened, boolean capped) {}
}
