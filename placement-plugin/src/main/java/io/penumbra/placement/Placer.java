package io.penumbra.placement;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.FleetChange.PrimaryPlaced;
import io.penumbra.domain.fleet.FleetChange.ShadowPlaced;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.ClaimResult.Claimed;
import io.penumbra.placement.ClaimResult.Stale;
import io.penumbra.placement.DecisionTable.FilterVerdict;
import io.penumbra.placement.DecisionTable.Row;
import io.penumbra.placement.DecisionTable.SearchEffort;
import io.penumbra.placement.PlacementDecision.Answer;
import io.penumbra.placement.PlacementDecision.Candidate;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.RefusalCount;
import io.penumbra.placement.PlacementDecision.Refused;
import io.penumbra.placement.PlacementDecision.RunnerUp;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Catalogue;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Role;
import io.penumbra.placement.spi.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Chooses a primary host and its shadow hosts together. Owned, like the fleet it looks at, by one
 * thread. The same fleet, request and settings give the same decision, always.
 */
public final class Placer {

  private static final String RISK = "risk";

  private final Fleet fleet;
  private final PlacementSettings settings;
  private final List<HostFilter> filters;
  private final Scoring scoring;
  private final PairSearch search;
  private final Refusals refusals;

  /**
   * A placer with all filters and weighers on the class path.
   *
   * @throws IllegalArgumentException when a multiplier is configured for a weigher that is not
   *     there, naming those that are
   */
  public Placer(Fleet fleet, PlacementSettings settings) {
    this(fleet, settings, Catalogue.load());
  }

  /** A placer with the given filters and weighers. */
  public Placer(Fleet fleet, PlacementSettings settings, Catalogue catalogue) {
    this.fleet = fleet;
    this.settings = settings;
    filters = catalogue.filters();
    scoring = new Scoring(catalogue, settings);
    search = new PairSearch(fleet, settings, filters, scoring);
    refusals = new Refusals(filters, fleet);
  }

  public Fleet fleet() {
    return fleet;
  }

  public PlacementSettings settings() {
    return settings;
  }

  /** How far the last decision's search went. */
  public SearchEffort lastEffort() {
    return search.effort();
  }

  /** Answers a request by the index: only hosts that can win are looked at. */
  public PlacementDecision decide(PlacementRequest request) {
    Answer answer = request.fixedPrimary().isPresent() ? shadowsFor(request) : pairFor(request);
    return new PlacementDecision(
        request.id(),
        request.vm().id(),
        request.at(),
        fleet.generation(),
        request.seed(),
        request.vm().policy().source(),
        riskNote(answer),
        answer);
  }

  /** Answers a request and keeps what every filter and weigher says of every host. */
  public DecisionTable explain(PlacementRequest request) {
    PlacementDecision decision = decide(request);
    SearchEffort effort = search.effort();
    List<Row> primaries =
        request.fixedPrimary().isPresent() ? List.of() : rows(Ask.forPrimary(request, fleet));
    List<Row> shadows =
        request.shadowsWanted() == 0
            ? List.of()
            : chosenPrimary(request, decision)
                .map(primary -> rows(search.shadowAsk(request, primary)))
                .orElse(List.of());
    return new DecisionTable(decision, primaries, shadows, effort);
  }

  /**
   * Turns a decision into changes of the fleet. Nothing is applied; when the fleet has moved since
   * the decision, the chosen hosts are put before the filters again.
   */
  public ClaimResult claim(PlacementRequest request, PlacementDecision decision) {
    if (!(decision.answer() instanceof Placed placed)) {
      throw new IllegalArgumentException(
          "decision on request %s is a refusal; there is nothing to claim".formatted(request.id()));
    }
    if (decision.generation() != fleet.generation()) {
      Optional<String> objection = objection(request, placed);
      if (objection.isPresent()) {
        return new Stale(decision.generation(), fleet.generation(), objection.get());
      }
    }
    return new Claimed(changes(request, placed));
  }

  // --- deciding

  private Answer pairFor(PlacementRequest request) {
    search.run(request);
    Assignment best = search.best();
    if (best == null) {
      return new Refused(refusals.count(Ask.forPrimary(request, fleet)));
    }
    return placed(request, best);
  }

  private Answer shadowsFor(PlacementRequest request) {
    HostId fixed = request.fixedPrimary().orElseThrow();
    Optional<HostView> primary = fleet.host(fixed);
    if (primary.isEmpty()) {
      return new Refused(
          List.of(new RefusalCount("fixed-primary", 0, fixed.value(), "not part of the fleet")));
    }
    search.runFor(request, primary.get());
    Assignment best = search.best();
    if (best == null) {
      return new Refused(refusals.count(search.shadowAsk(request, primary.get())));
    }
    return placed(request, best);
  }

  private Placed placed(PlacementRequest request, Assignment best) {
    List<Candidate> chosen = candidates(request, best);
    Assignment second = search.second();
    return new Placed(
        chosen.getFirst(),
        chosen.subList(1, chosen.size()),
        best.total(),
        second == null ? Optional.empty() : Optional.of(runnerUp(request, best, second)),
        shortOfShadows(request, best),
        search.bound());
  }

  private RunnerUp runnerUp(PlacementRequest request, Assignment best, Assignment second) {
    List<Candidate> chosen = candidates(request, second);
    // A runner-up with fewer shadows may have the higher score; it is behind all the same.
    return new RunnerUp(
        chosen.getFirst(),
        chosen.subList(1, chosen.size()),
        second.total(),
        Math.max(0, best.total() - second.total()));
  }

  /** The primary, then the shadows, each scored as it was when it was chosen. */
  private List<Candidate> candidates(PlacementRequest request, Assignment found) {
    List<Candidate> all = new ArrayList<>(1 + found.shadows().size());
    all.add(
        new Candidate(
            found.primary().host().id(),
            scoring.scores(found.primary(), Ask.forPrimary(request, fleet))));
    Ask ask = search.shadowAsk(request, found.primary());
    for (HostView shadow : found.shadows()) {
      all.add(new Candidate(shadow.host().id(), scoring.scores(shadow, ask)));
      ask = ask.besides(shadow);
    }
    return all;
  }

  private Optional<String> shortOfShadows(PlacementRequest request, Assignment best) {
    int wanted = request.shadowsWanted();
    if (best.shadows().size() == wanted) {
      return Optional.empty();
    }
    Ask ask = search.shadowAsk(request, best.primary());
    for (HostView shadow : best.shadows()) {
      ask = ask.besides(shadow);
    }
    return Optional.of(
        "%d of %d shadows: no host is left; refused %s"
            .formatted(best.shadows().size(), wanted, Refusals.inOneLine(refusals.count(ask))));
  }

  private Optional<String> riskNote(Answer answer) {
    if (scoring.multiplier(RISK, Role.PRIMARY) == 0 && scoring.multiplier(RISK, Role.SHADOW) == 0) {
      return Optional.of("the multipliers of weigher 'risk' are 0");
    }
    if (fleet.hostsWithRisk() == 0) {
      return Optional.of("no host has a risk score");
    }
    if (answer instanceof Placed placed) {
      List<String> unscored = new ArrayList<>();
      noteUnscored(placed.primary().host(), unscored);
      for (Candidate shadow : placed.shadows()) {
        noteUnscored(shadow.host(), unscored);
      }
      if (!unscored.isEmpty()) {
        return Optional.of("no risk score for " + String.join(", ", unscored));
      }
    }
    return Optional.empty();
  }

  private void noteUnscored(HostId host, List<String> unscored) {
    if (fleet.host(host).flatMap(HostView::risk).isEmpty()) {
      unscored.add(host.value());
    }
  }

  // --- explaining

  private Optional<HostView> chosenPrimary(PlacementRequest request, PlacementDecision decision) {
    if (request.fixedPrimary().isPresent()) {
      return fleet.host(request.fixedPrimary().get());
    }
    return decision.answer() instanceof Placed placed
        ? fleet.host(placed.primary().host())
        : Optional.empty();
  }

  private List<Row> rows(Ask ask) {
    List<Row> rows = new ArrayList<>(fleet.hostCount());
    for (HostView host : fleet.hosts()) {
      List<FilterVerdict> verdicts = new ArrayList<>(filters.size());
      for (HostFilter filter : filters) {
        verdicts.add(new FilterVerdict(filter.name(), filter.check(host, ask)));
      }
      rows.add(
          new Row(host.host().id(), verdicts, scoring.scores(host, ask), scoring.score(host, ask)));
    }
    return rows;
  }

  // --- claiming

  /** The first reason why the chosen hosts cannot be claimed any more. */
  private Optional<String> objection(PlacementRequest request, Placed placed) {
    Optional<HostView> primary = fleet.host(placed.primary().host());
    if (primary.isEmpty()) {
      return Optional.of("host %s left the fleet".formatted(placed.primary().host()));
    }
    if (request.fixedPrimary().isPresent()) {
      if (!fleet.primaryOf(request.vm().id()).equals(request.fixedPrimary())) {
        return Optional.of(
            "VM %s is no longer on host %s".formatted(request.vm().id(), placed.primary().host()));
      }
    } else {
      if (fleet.primaryOf(request.vm().id()).isPresent()) {
        return Optional.of(
            "VM %s is on host %s by now"
                .formatted(request.vm().id(), fleet.primaryOf(request.vm().id()).get()));
      }
      Optional<String> refused = refusal(primary.get(), Ask.forPrimary(request, fleet));
      if (refused.isPresent()) {
        return refused;
      }
    }
    Ask ask = search.shadowAsk(request, primary.get());
    for (HostId id : placed.shadowHosts()) {
      Optional<HostView> shadow = fleet.host(id);
      Optional<String> refused =
          shadow.isEmpty()
              ? Optional.of("host %s left the fleet".formatted(id))
              : refusal(shadow.get(), ask);
      if (refused.isPresent()) {
        return refused;
      }
      ask = ask.besides(shadow.orElseThrow());
    }
    return Optional.empty();
  }

  private Optional<String> refusal(HostView host, Ask ask) {
    for (HostFilter filter : filters) {
      if (filter.check(host, ask) instanceof Verdict.Refusal refusal) {
        return Optional.of(
            "host %s is refused by '%s': asked %s, available %s"
                .formatted(host.host().id(), filter.name(), refusal.asked(), refusal.available()));
      }
    }
    return Optional.empty();
  }

  private List<FleetChange> changes(PlacementRequest request, Placed placed) {
    VmId vm = request.vm().id();
    List<FleetChange> changes = new ArrayList<>(1 + placed.shadows().size());
    if (request.fixedPrimary().isEmpty()) {
      changes.add(
          new PrimaryPlaced(
              vm, placed.primary().host(), request.vm().size(), request.vm().groups(), true));
    }
    var mode = request.vm().policy().policy().mode();
    for (HostId host : placed.shadowHosts()) {
      changes.add(
          new ShadowPlaced(
              vm,
              host,
              settings.sizing().resident(mode, request.vm().size(), 0),
              settings.sizing().reserve(mode, request.vm().size(), 0)));
    }
    return changes;
  }
}
