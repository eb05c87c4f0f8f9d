package io.penumbra.placement.log;

import io.penumbra.placement.PlacementDecision.Candidate;
import io.penumbra.placement.PlacementDecision.WeigherScore;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Why one candidate's score is larger than another's, weigher by weigher.
 *
 * @param parts the weighers in which they differ, the largest difference first
 * @param total sum of all parts
 */
record ScoreGap(List<Part> parts, double total) {

  /** Below this a difference is rounding. */
  static final double LEAST = 1e-9;

  /**
   * One weigher's part.
   *
   * @param difference contribution to the winner less contribution to the other
   */
  record Part(String weigher, WeigherScore winner, WeigherScore other, double difference) {}

  ScoreGap {
    parts = List.copyOf(parts);
  }

  static ScoreGap between(Candidate winner, Candidate other) {
    TreeMap<String, WeigherScore> others = new TreeMap<>();
    other.scores().forEach(score -> others.put(score.weigher(), score));
    List<Part> parts = new ArrayList<>();
    for (WeigherScore score : winner.scores()) {
      WeigherScore against = others.remove(score.weigher());
      addPart(parts, score, against == null ? zero(score) : against);
    }
    others.values().forEach(score -> addPart(parts, zero(score), score));
    double total = parts.stream().mapToDouble(Part::difference).sum();
    return new ScoreGap(
        parts.stream()
            .filter(part -> Math.abs(part.difference()) >= LEAST)
            .sorted(
                Comparator.comparingDouble((Part part) -> -Math.abs(part.difference()))
                    .thenComparing(Part::weigher))
            .toList(),
        total);
  }

  private static void addPart(List<Part> parts, WeigherScore winner, WeigherScore other) {
    parts.add(
        new Part(winner.weigher(), winner, other, winner.contribution() - other.contribution()));
  }

  /** What a weigher that does not concern a candidate adds to it. */
  private static WeigherScore zero(WeigherScore like) {
    return new WeigherScore(like.weigher(), 0, 0, like.multiplier(), 0);
  }
}
