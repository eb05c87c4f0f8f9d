package io.penumbra.app.serve;

import io.penumbra.domain.HostId;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.spi.Verdict;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a scheduler is told.
 *
 * @param generation of the fleet that was decided on
 * @param mode how the VM is protected: none, cold or warm
 * @param problems tags that could not be read, and what was taken for them
 * @param primary the host that Penumbra would take, if any
 * @param shadows where its shadows would stand
 * @param why one line: the score, or what refused most hosts
 * @param hosts one line for each host that was asked about, by name
 */
record Scores(
    String request,
    long generation,
    String mode,
    List<String> problems,
    Optional<String> primary,
    List<String> shadows,
    String why,
    List<HostScore> hosts) {

  Scores {
    problems = List.copyOf(problems);
    shadows = List.copyOf(shadows);
    hosts = List.copyOf(hosts);
  }

  /**
   * One host.
   *
   * @param score sum of all weighers; the chosen host's is made larger than any other's, because it
   *     is the better half of the better pair
   * @param refused which filter refuses it and why; absent when it may be used
   */
  record HostScore(String host, double score, Optional<String> refused) {}

  /** Every host will do: somebody has chosen already. */
  static Scores chosenBefore(ScoreRequest request) {
    return new Scores(
        request.request(),
        0,
        "shadow",
        List.of(),
        Optional.empty(),
        List.of(),
        "the server of a shadow, whose host was chosen with its primary's",
        request.hosts().stream().map(host -> new HostScore(host, 0, Optional.empty())).toList());
  }

  static Scores of(
      ScoreRequest request,
      String mode,
      List<String> problems,
      DecisionTable table,
      PlacementDecision decision) {
    Set<String> asked = new HashSet<>(request.hosts());
    List<HostScore> hosts = new ArrayList<>();
    Optional<PlacementDecision.Placed> placed =
        decision.answer() instanceof PlacementDecision.Placed found
            ? Optional.of(found)
            : Optional.empty();
    Optional<HostId> chosen = placed.map(found -> found.primary().host());
    double best = table.primaries().stream().mapToDouble(DecisionTable.Row::total).max().orElse(0);
    for (DecisionTable.Row row : table.primaries()) {
      String name = row.host().value();
      if (asked.isEmpty() || asked.contains(name)) {
        boolean isChosen = chosen.filter(row.host()::equals).isPresent();
        hosts.add(
            new HostScore(
                name,
                isChosen ? best + 1 : row.total(),
                isChosen ? Optional.empty() : refusal(row)));
      }
    }
    return new Scores(
        request.request(),
        decision.generation(),
        mode,
        problems,
        chosen.map(HostId::value),
        placed
            .map(found -> found.shadowHosts().stream().map(HostId::value).toList())
            .orElse(List.of()),
        why(decision),
        hosts);
  }

  private static Optional<String> refusal(DecisionTable.Row row) {
    for (DecisionTable.FilterVerdict said : row.verdicts()) {
      if (said.verdict()
          instanceof Verdict.Refusal(String asked, String available, double amount)) {
        return Optional.of("%s: asked %s, available %s".formatted(said.filter(), asked, available));
      }
    }
    return Optional.empty();
  }

  private static String why(PlacementDecision decision) {
    return switch (decision.answer()) {
      case PlacementDecision.Placed placed ->
          "score %.3f%s"
              .formatted(placed.score(), placed.shortOfShadows().map(s -> "; " + s).orElse(""));
      case PlacementDecision.Refused refused ->
          refused.reasons().stream()
              .findFirst()
              .map(reason ->
                  "%s refuses %d hosts: asked %s, best %s"
                      .formatted(reason.filter(), reason.hosts(), reason.asked(), reason.best()))
              .orElse("there is no host");
    };
  }
}
