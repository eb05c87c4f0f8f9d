package io.penumbra.simulator.engine;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.simulator.report.Timeline;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * Judges by hindsight what the risk model said. An alarm is a score that has risen to where moving
 * away is weighed; it is over when the score is below the check threshold again, or its host has
 * stopped. It came true when the host failed within the score's horizon.
 */
final class Alarms {

  private static final int MARKS_MAX = 4_000;
  private static final double HOUR = 3_600e9;

  private final FailureIndex failures;
  private final RiskThresholds thresholds;
  private final BitSet raised = new BitSet();
  private final List<LoopFigures.Mark> marks = new ArrayList<>();

  Alarms(FailureIndex failures, RiskThresholds thresholds) {
    this.failures = failures;
    this.thresholds = thresholds;
  }

  /** The loop was told this score of that host. */
  void scored(int host, RiskScore score, long now) {
    if (score.probability() < thresholds.check()) {
      raised.clear(host);
    } else if (score.probability() >= thresholds.act() && !raised.get(host)) {
      raised.set(host);
      raise(host, score, now);
    }
  }

  void stopped(int host) {
    raised.clear(host);
  }

  private void raise(int host, RiskScore score, long now) {
    if (marks.size() >= MARKS_MAX) {
      return;
    }
    OptionalLong failure = failures.nextWithin(host, now, score.horizon().toNanos());
    marks.add(
        new LoopFigures.Mark(
            host,
            failure.isPresent() ? Timeline.Kind.PREDICTED : Timeline.Kind.FALSE_ALARM,
            now,
            String.format(
                Locale.ROOT,
                "risk %.2f within %.0f h, %s",
                score.probability(),
                score.horizon().toNanos() / HOUR,
                failure.isPresent()
                    ? String.format(
                        Locale.ROOT, "failed %.1f h later", (failure.getAsLong() - now) / HOUR)
                    : "and stayed well")));
  }

  List<LoopFigures.Mark> marks() {
    return marks;
  }
}
