package io.penumbra.placement.log;

import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision;
import java.util.List;
import java.util.Optional;

/** Decisions as JSON, for other programs. The keys are those of the log. */
public final class DecisionJson {

  private DecisionJson() {}

  /** One decision in one line: who, when, where. */
  public static String line(DecisionEntry entry) {
    return LogFormat.line(Line.of(entry));
  }

  /** Everything about one decision, its table included. */
  public static String whole(RecordedDecision recorded) {
    DecisionTable table = recorded.table();
    return LogFormat.pretty(
        new Whole(
            recorded.logged().number(),
            recorded.request(),
            recorded.decision(),
            LogLine.Verdicts.of(table)));
  }

  private record Whole(
      long number,
      PlacementRequest request,
      PlacementDecision decision,
      LogLine.Verdicts verdicts) {}

  private record Line(
      long number,
      String at,
      String request,
      String vm,
      long generation,
      String outcome,
      Optional<String> primary,
      List<String> shadows,
      double score) {

    static Line of(DecisionEntry entry) {
      return new Line(
          entry.number(),
          entry.at().toString(),
          entry.request().value(),
          entry.vm().value(),
          entry.generation(),
          entry.placed() ? "placed" : "refused",
          entry.primary().map(Object::toString),
          entry.shadows().stream().map(Object::toString).toList(),
          entry.score());
    }
  }
}
