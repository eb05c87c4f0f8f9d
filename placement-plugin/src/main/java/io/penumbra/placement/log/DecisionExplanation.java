package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision.Candidate;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.Refused;
import io.penumbra.placement.PlacementDecision.RunnerUp;
import io.penumbra.placement.PlacementDecision.SearchBound;
import io.penumbra.placement.fleet.HostView;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Says in sentences why a VM is where it is, as a colleague would who has every number at hand.
 * Every number comes from the decision or from the fleet as it was.
 */
public final class DecisionExplanation {

  private static final int DRIVERS_MAX = 3;
  private static final int NEAR_MAX = 3;

  private final RecordedDecision recorded;
  private final DecisionTable table;
  private final List<String> lines = new ArrayList<>();

  private DecisionExplanation(RecordedDecision recorded) {
    this.recorded = recorded;
    this.table = recorded.table();
  }

  /** The explanation, line by line; each line is one thought. */
  public static List<String> of(RecordedDecision recorded) {
    DecisionExplanation explanation = new DecisionExplanation(recorded);
    switch (recorded.decision().answer()) {
      case Placed placed -> explanation.placed(placed);
      case Refused _ -> explanation.refused();
    }
    return List.copyOf(explanation.lines);
  }

  private void placed(Placed placed) {
    boolean fixed = recorded.request().fixedPrimary().isPresent();
    add(heading(placed, fixed));
    policy();
    placed
        .runnerUp()
        .ifPresentOrElse(
            second -> add(comparison(placed, second, fixed)),
            () -> add(noAlternative(placed, fixed)));
    for (Candidate shadow : placed.shadows()) {
      ShadowFacts facts = ShadowFacts.of(recorded, placed.primary().host(), shadow.host());
      facts.lines().forEach(this::add);
    }
    placed.bound().ifPresent(bound -> add(bounded(placed, bound)));
    placed.shortOfShadows().ifPresent(why -> add("Short of shadows: " + why + "."));
    refusals(fixed);
    risk(placed);
    placed.runnerUp().ifPresent(second -> turning(placed, second, fixed));
  }

  // --- where and by which policy

  private String heading(Placed placed, boolean fixed) {
    Vm vm = recorded.request().vm();
    HostId primary = placed.primary().host();
    String size = "%s (%s, %s)".formatted(vm.id(), vm.flavor(), vm.size());
    if (placed.shadows().isEmpty()) {
      return fixed
          ? "%s runs on %s and needs no further shadow.".formatted(size, primary)
          : "%s goes to %s, without a shadow.".formatted(size, primary);
    }
    String shadows = hosts(placed.shadowHosts());
    return fixed
        ? "%s already runs on %s; its new %s goes to %s."
            .formatted(size, primary, shadowWord(placed), shadows)
        : "%s goes to %s, its %s to %s.".formatted(size, primary, shadowWord(placed), shadows);
  }

  private String shadowWord(Placed placed) {
    ShadowMode mode = recorded.request().vm().policy().policy().mode();
    return "%s shadow%s"
        .formatted(mode.name().toLowerCase(Locale.ROOT), placed.shadows().size() > 1 ? "s" : "");
  }

  private void policy() {
    ProtectionPolicy policy = recorded.request().vm().policy().policy();
    String source = recorded.decision().policySource();
    if (policy.mode() == ShadowMode.NONE) {
      add("Policy (%s): no shadow wanted.".formatted(source));
      return;
    }
    add(
        "Policy (%s): %d %s shadow%s, loss up to %s, away up to %s; a shadow must differ in %s."
            .formatted(
                source,
                policy.shadows(),
                policy.mode().name().toLowerCase(Locale.ROOT),
                policy.shadows() == 1 ? "" : "s",
                seconds(policy.rpo()),
                seconds(policy.rto()),
                ShadowFacts.words(policy.diversity())));
  }

  // --- why this one and not the next

  private String comparison(Placed placed, RunnerUp second, boolean fixed) {
    String winner = names(placed.primary(), placed.shadows(), fixed);
    String other = names(second.primary(), second.shadows(), fixed);
    if (second.shadows().size() < placed.shadows().size()) {
      return String.format(
          Locale.ROOT,
          "%s (score %.3f) was preferred to %s (score %.3f), for which only %d of %d shadows were found.",
          winner,
          placed.score(),
          other,
          second.score(),
          second.shadows().size(),
          placed.shadows().size());
    }
    if (second.margin() < ScoreGap.LEAST) {
      return String.format(
          Locale.ROOT,
          "%s scored the same as %s (%.3f); %s.",
          winner,
          other,
          placed.score(),
          tieBreak(placed, second, fixed));
    }
    List<String> parts = new ArrayList<>();
    if (!fixed) {
      part(parts, "", placed.primary(), second.primary());
    }
    for (int i = 0; i < placed.shadows().size(); i++) {
      part(parts, fixed ? "" : "shadow's ", placed.shadows().get(i), second.shadows().get(i));
    }
    return String.format(
        Locale.ROOT,
        "%s was %.3f better than %s (%.3f against %.3f): %s.",
        winner,
        second.margin(),
        other,
        placed.score(),
        second.score(),
        String.join(", ", parts));
  }

  private static String bounded(Placed placed, SearchBound bound) {
    return String.format(
        Locale.ROOT,
        "The search stopped after %d primaries (pairCandidatesMax): a pair that was not looked at"
            + " could score up to %.3f, so %s.",
        bound.primaries(),
        bound.couldScore(),
        placed.best()
            ? "this one is the best, but the next best is not certain"
            : "a better one may exist");
  }

  /** Pairs are tried in the order of their primaries' own scores, and those in the seed's order. */
  private String tieBreak(Placed placed, RunnerUp second, boolean fixed) {
    double lead = fixed ? 0 : ScoreGap.between(placed.primary(), second.primary()).total();
    return Math.abs(lead) < ScoreGap.LEAST
        ? "the request's seed %d decided".formatted(recorded.request().seed())
        : "of equal pairs the one whose primary scores higher by itself is taken";
  }

  private static void part(List<String> parts, String whose, Candidate winner, Candidate other) {
    for (ScoreGap.Part part : ScoreGap.between(winner, other).parts()) {
      parts.add(
          String.format(
              Locale.ROOT,
              "%s%s %+.3f (%s against %s)",
              whose,
              part.weigher(),
              part.difference(),
              raw(part.winner().raw()),
              raw(part.other().raw())));
    }
  }

  private String noAlternative(Placed placed, boolean fixed) {
    if (fixed && placed.shadows().isEmpty()) {
      return "Nothing was to be chosen.";
    }
    return "There was no choice: no other host passed every filter%s."
        .formatted(fixed ? " as its shadow" : "");
  }

  // --- who was refused

  private void refusals(boolean fixed) {
    if (!fixed) {
      add(tally(RefusalTally.of(table.primaries()), " for the VM itself"));
    }
    if (!table.shadows().isEmpty()) {
      add(tally(RefusalTally.of(table.shadows()), " for its shadow"));
    }
  }

  private static String tally(RefusalTally tally, String purpose) {
    if (tally.refused() == 0) {
      return "No host of %d was refused%s.".formatted(tally.hosts(), purpose);
    }
    return "%d of %d hosts refused%s: %s."
        .formatted(
            tally.refused(),
            tally.hosts(),
            purpose,
            tally.counts().stream()
                .map(RefusalTally.Count::told)
                .collect(Collectors.joining(", ")));
  }

  private void refused() {
    Vm vm = recorded.request().vm();
    List<DecisionTable.Row> rows =
        recorded.request().fixedPrimary().isPresent() ? table.shadows() : table.primaries();
    String what =
        recorded
            .request()
            .fixedPrimary()
            .map(primary -> "the shadow of %s, which runs on %s,".formatted(vm.id(), primary))
            .orElse(vm.id().value());
    add("Nowhere: no host can take %s (%s, %s).".formatted(what, vm.flavor(), vm.size()));
    policy();
    if (rows.isEmpty()) {
      recorded.refusedReasons().forEach(reason -> add("  " + reason));
      return;
    }
    RefusalTally tally = RefusalTally.of(rows);
    add(tally(tally, ", each counted once"));
    tally.nearly().stream()
        .limit(NEAR_MAX)
        .forEach(near ->
            add(
                "Near miss: %s was refused by %s alone (asked %s, has %s)."
                    .formatted(
                        near.host(),
                        near.filter(),
                        near.refusal().asked(),
                        near.refusal().available())));
  }

  // --- risk

  private void risk(Placed placed) {
    recorded.decision().riskNote().ifPresent(note -> add("Risk: " + note + "."));
    riskOf(placed.primary().host());
    placed.shadowHosts().forEach(this::riskOf);
  }

  private void riskOf(HostId host) {
    recorded
        .placer()
        .fleet()
        .host(host)
        .flatMap(HostView::risk)
        .ifPresent(risk -> add(riskLine(host, risk)));
  }

  private static String riskLine(HostId host, RiskScore risk) {
    String drivers =
        risk.drivers().stream()
            .limit(DRIVERS_MAX)
            .map(d ->
                String.format(
                    Locale.ROOT,
                    "%s = %s (%+.2f log-odds)",
                    d.feature(),
                    raw(d.value()),
                    d.contribution()))
            .collect(Collectors.joining(", "));
    return "Risk of %s: %s within %s by %s%s."
        .formatted(
            host,
            percent(risk.probability()),
            span(risk.horizon()),
            risk.model(),
            drivers.isEmpty() ? "" : ", mostly " + drivers);
  }

  // --- what would have turned it

  private void turning(Placed placed, RunnerUp second, boolean fixed) {
    if (second.margin() >= ScoreGap.LEAST && second.shadows().size() == placed.shadows().size()) {
      TurningPoint.of(placed, second, fixed, recorded.placer().settings()).stream()
          .limit(2)
          .forEach(point -> add(point.told(names(second.primary(), second.shadows(), fixed))));
    }
  }

  // --- words

  private static String names(Candidate primary, List<Candidate> shadows, boolean fixed) {
    String shadowNames = hosts(shadows.stream().map(Candidate::host).toList());
    if (fixed) {
      return shadowNames;
    }
    return shadows.isEmpty()
        ? primary.host().value()
        : "%s with its shadow on %s".formatted(primary.host(), shadowNames);
  }

  private static String hosts(List<HostId> hosts) {
    return hosts.stream().map(HostId::value).collect(Collectors.joining(" and "));
  }

  /** Four meaningful digits, without zeros at the end; all of a whole number. */
  static String raw(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    BigDecimal exact = BigDecimal.valueOf(value);
    BigDecimal told =
        Math.abs(value) >= 1000
            ? exact.setScale(0, RoundingMode.HALF_UP)
            : exact.round(new MathContext(4, RoundingMode.HALF_UP));
    return told.signum() == 0 ? "0" : told.stripTrailingZeros().toPlainString();
  }

  static String percent(double share) {
    return raw(share * 100) + " %";
  }

  static String seconds(Duration duration) {
    return raw(duration.toMillis() / 1000.0) + " s";
  }

  private static String span(Duration duration) {
    long hours = duration.toHours();
    if (hours >= 48 && hours % 24 == 0) {
      return hours / 24 + " days";
    }
    return hours >= 1 && duration.equals(Duration.ofHours(hours))
        ? hours + " h"
        : seconds(duration);
  }

  private void add(String line) {
    lines.add(line);
  }
}
