package io.penumbra.placement.log;

import io.penumbra.placement.PlacementDecision.Candidate;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.RunnerUp;
import io.penumbra.placement.PlacementSettings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/**
 * A multiplier with which the runner-up would have drawn level, everything else being the same.
 *
 * @param option how the replay command names the multiplier: the weigher, and the role where it has
 *     one multiplier per role
 * @param now the multiplier that held
 * @param level the multiplier at which both score the same
 */
record TurningPoint(String option, double now, double level) {

  /** One multiplier, and by how much what it is multiplied with is larger for the winner. */
  private record Lever(double multiplier, double difference) {}

  /** The turning points, the smallest relative change first. */
  static List<TurningPoint> of(
      Placed placed, RunnerUp second, boolean fixed, PlacementSettings settings) {
    TreeMap<String, Lever> levers = new TreeMap<>();
    if (!fixed) {
      add(levers, ".primary", placed.primary(), second.primary(), settings);
    }
    for (int i = 0; i < placed.shadows().size(); i++) {
      add(levers, ".shadow", placed.shadows().get(i), second.shadows().get(i), settings);
    }
    List<TurningPoint> points = new ArrayList<>();
    levers.forEach((option, lever) -> {
      double level = lever.multiplier() - second.margin() / lever.difference();
      // A multiplier of the other sign would turn a preference into its opposite.
      if (Math.abs(lever.difference()) >= ScoreGap.LEAST && level * lever.multiplier() >= 0) {
        points.add(new TurningPoint(option, lever.multiplier(), level));
      }
    });
    points.sort(
        Comparator.comparingDouble(TurningPoint::relativeChange)
            .thenComparing(TurningPoint::option));
    return points;
  }

  private static void add(
      TreeMap<String, Lever> levers,
      String role,
      Candidate winner,
      Candidate other,
      PlacementSettings settings) {
    for (ScoreGap.Part part : ScoreGap.between(winner, other).parts()) {
      String option =
          settings.jointFailure().containsKey(part.weigher())
              ? part.weigher()
              : part.weigher() + role;
      Lever lever =
          new Lever(
              part.winner().multiplier(), part.winner().normalised() - part.other().normalised());
      levers.merge(
          option,
          lever,
          (one, more) -> new Lever(one.multiplier(), one.difference() + more.difference()));
    }
  }

  private double relativeChange() {
    return Math.abs(level - now) / Math.abs(now);
  }

  /** A little further than level, so that a replay shows the other winner. */
  double beyond() {
    return level + Math.signum(level - now) * Math.max(0.001, Math.abs(level - now) * 0.01);
  }

  String told(String runnerUp) {
    return String.format(
        Locale.ROOT,
        "%s would have drawn level with a multiplier %s of %.3f instead of %s (replay --multiplier %s=%.4f shows it).",
        runnerUp,
        option,
        level,
        DecisionExplanation.raw(now),
        option,
        beyond());
  }
}
