package io.penumbra.placement.log;

import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.Placer;
import java.util.List;
import java.util.Optional;

/**
 * A decision with everything it was made from.
 *
 * @param placer on the fleet as it was, with the settings that held then; its generation counts
 *     from the segment's snapshot and not from the fleet's beginning
 * @param inline what filters and weighers said, when the log carries it
 */
public record RecordedDecision(
    LoggedDecision logged, Placer placer, Optional<DecisionTable> inline) {

  public PlacementRequest request() {
    return logged.request();
  }

  public PlacementDecision decision() {
    return logged.decision();
  }

  /** What every filter and weigher said: from the log, or else computed from the fleet. */
  public DecisionTable table() {
    return inline.orElseGet(this::computeTable);
  }

  /** What every filter and weigher says of the rebuilt fleet. */
  public DecisionTable computeTable() {
    DecisionTable computed = placer.explain(request());
    return new DecisionTable(
        withGeneration(computed.decision()),
        computed.primaries(),
        computed.shadows(),
        computed.effort());
  }

  /** Decides again. */
  PlacementDecision decideAgain(Placer how) {
    return withGeneration(how.decide(request()));
  }

  /** The rebuilt fleet counts its generations from the snapshot. */
  private PlacementDecision withGeneration(PlacementDecision again) {
    return new PlacementDecision(
        again.request(),
        again.vm(),
        again.at(),
        decision().generation(),
        again.seed(),
        again.policySource(),
        again.riskNote(),
        again.answer());
  }

  /** The reasons of a refusal as placement gave them: a host counts for every filter. */
  public List<String> refusedReasons() {
    return decision().answer() instanceof PlacementDecision.Refused refused
        ? refused.reasons().stream()
            .map(r ->
                "%d %s (asked %s, best %s)".formatted(r.hosts(), r.filter(), r.asked(), r.best()))
            .toList()
        : List.of();
  }
}
