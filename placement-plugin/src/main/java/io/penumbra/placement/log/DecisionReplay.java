package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementDecision.Candidate;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.Refused;
import io.penumbra.placement.PlacementDecision.WeigherScore;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A logged decision made once more, on the same fleet.
 *
 * @param settings the settings of this time
 * @param again the answer of this time
 * @param firstDifference where the two answers first differ, empty when they are the same to the
 *     last bit
 */
public record DecisionReplay(
    RecordedDecision recorded,
    PlacementSettings settings,
    PlacementDecision again,
    Optional<String> firstDifference) {

  /** Decides again with the settings that held. */
  public static DecisionReplay of(RecordedDecision recorded) {
    return replay(recorded, recorded.placer());
  }

  /** Decides again with other settings. */
  public static DecisionReplay with(RecordedDecision recorded, PlacementSettings settings) {
    return replay(recorded, new Placer(recorded.placer().fleet(), settings));
  }

  private static DecisionReplay replay(RecordedDecision recorded, Placer placer) {
    PlacementDecision again = recorded.decideAgain(placer);
    return new DecisionReplay(
        recorded, placer.settings(), again, LogFormat.firstDifference(recorded.decision(), again));
  }

  public boolean same() {
    return firstDifference.isEmpty();
  }

  /** Whether the same hosts were chosen, whatever they scored. */
  public boolean sameHosts() {
    return chosen(recorded.decision()).equals(chosen(again));
  }

  private static List<HostId> chosen(PlacementDecision decision) {
    List<HostId> hosts = new ArrayList<>();
    if (decision.answer() instanceof Placed placed) {
      hosts.add(placed.primary().host());
      hosts.addAll(placed.shadowHosts());
    }
    return hosts;
  }

  /** What came out, line by line. */
  public List<String> told() {
    List<String> lines = new ArrayList<>();
    if (same()) {
      lines.add("Same decision: " + named(again) + ".");
    } else if (settings.equals(recorded.placer().settings())) {
      lines.add("Not the same decision. First difference: " + firstDifference.get() + ".");
      lines.add("Logged: " + named(recorded.decision()) + ".");
      lines.add("Now: " + named(again) + ".");
      lines.add("Maybe a filter or weigher was changed or added since the decision was logged.");
    } else {
      lines.add(
          sameHosts()
              ? "The same hosts: %s.".formatted(named(again))
              : "Other hosts: %s instead of %s."
                  .formatted(named(again), named(recorded.decision())));
      compare(lines);
    }
    return lines;
  }

  private void compare(List<String> lines) {
    if (!(recorded.decision().answer() instanceof Placed before)
        || !(again.answer() instanceof Placed after)) {
      return;
    }
    boolean fixed = recorded.request().fixedPrimary().isPresent();
    changes(lines, before.primary(), after.primary(), "primary", !fixed);
    for (int i = 0; i < Math.min(before.shadows().size(), after.shadows().size()); i++) {
      changes(lines, before.shadows().get(i), after.shadows().get(i), "shadow", true);
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "Score of the choice: %.3f then, %.3f now.",
            before.score(),
            after.score()));
    after
        .runnerUp()
        .ifPresent(second ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "Runner-up now: %s, %.3f behind.",
                    names(second.primary().host(), hosts(second.shadows())),
                    second.margin())));
  }

  /** What the new multipliers make of the old choice, and how the new choice compares with it. */
  private void changes(
      List<String> lines, Candidate before, Candidate after, String role, boolean counts) {
    if (!counts) {
      return;
    }
    Candidate old = new Candidate(before.host(), rescored(before, role));
    if (before.host().equals(after.host())) {
      String parts =
          ScoreGap.between(after, before).parts().stream()
              .map(p -> part(p.weigher(), p.other(), p.winner()))
              .collect(Collectors.joining(", "));
      lines.add(
          "%s as %s: %s"
              .formatted(
                  after.host(), role, parts.isEmpty() ? "every weigher as before." : parts + "."));
      return;
    }
    ScoreGap gap = ScoreGap.between(after, old);
    lines.add(
        String.format(
            Locale.ROOT,
            "As %s, %s is now %+.3f against %s: %s.",
            role,
            after.host(),
            gap.total(),
            before.host(),
            gap.parts().stream()
                .map(p -> String.format(Locale.ROOT, "%s %+.3f", p.weigher(), p.difference()))
                .collect(Collectors.joining(", "))));
  }

  private static String part(String weigher, WeigherScore then, WeigherScore now) {
    return String.format(
        Locale.ROOT, "%s %+.3f then, %+.3f now", weigher, then.contribution(), now.contribution());
  }

  private List<WeigherScore> rescored(Candidate candidate, String role) {
    return candidate.scores().stream()
        .map(score -> {
          double multiplier = Multiplier.effective(settings, score, role.equals("primary"));
          return new WeigherScore(
              score.weigher(),
              score.raw(),
              score.normalised(),
              multiplier,
              multiplier * score.normalised());
        })
        .toList();
  }

  private String named(PlacementDecision decision) {
    return switch (decision.answer()) {
      case Placed placed -> names(placed.primary().host(), placed.shadowHosts());
      case Refused _ -> "refused, no host passes";
    };
  }

  private static List<HostId> hosts(List<Candidate> candidates) {
    return candidates.stream().map(Candidate::host).toList();
  }

  private static String names(HostId primary, List<HostId> shadows) {
    return shadows.isEmpty()
        ? primary.value()
        : primary
            + " with its shadow on "
            + shadows.stream().map(HostId::value).collect(Collectors.joining(" and "));
  }
}
