package io.penumbra.placement;

import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.TieBreak;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.Catalogue;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The plain reference: what a decision is by definition, found by looking at every host and every
 * pair, with no index, no bound and no shared state.
 */
final class PlainScan {

  private record Scored(HostView host, double score) {}

  record Found(String primary, List<String> shadows, double total) {}

  private final Fleet fleet;
  private final PlacementSettings settings;
  private final Catalogue catalogue;
  private final Scoring scoring;

  PlainScan(Fleet fleet, PlacementSettings settings, Catalogue catalogue) {
    this.fleet = fleet;
    this.settings = settings;
    this.catalogue = catalogue;
    this.scoring = new Scoring(catalogue, settings);
  }

  /** The best and, when there is one, the next best, as {@link Placer} should find them. */
  List<Found> decide(PlacementRequest request) {
    List<Assignment> all = new ArrayList<>();
    if (request.fixedPrimary().isPresent()) {
      Optional<HostView> primary = fleet.host(request.fixedPrimary().get());
      if (primary.isEmpty()) {
        return List.of();
      }
      if (request.shadowsWanted() == 0) {
        all.add(new Assignment(primary.get(), List.of(), 0));
      }
      Ask ask = shadowAsk(request, primary.get());
      for (Scored first : request.shadowsWanted() == 0 ? List.<Scored>of() : ranked(ask)) {
        List<HostView> shadows = new ArrayList<>(List.of(first.host()));
        double total = complete(request, ask.besides(first.host()), shadows, first.score());
        all.add(new Assignment(primary.get(), shadows, total));
        if (all.size() == 2) {
          break;
        }
      }
    } else {
      for (Scored primary : ranked(Ask.forPrimary(request, fleet))) {
        if (all.size() == settings.pairCandidatesMax()) {
          break;
        }
        List<HostView> shadows = new ArrayList<>();
        double total =
            complete(request, shadowAsk(request, primary.host()), shadows, primary.score());
        all.add(new Assignment(primary.host(), shadows, total));
      }
    }
    // A stable sort: equal ones stay in the order of their primaries.
    all.sort((a, b) -> a.beats(b) ? -1 : b.beats(a) ? 1 : 0);
    return all.stream()
        .limit(2)
        .map(a ->
            new Found(
                a.primary().host().id().value(),
                a.shadows().stream().map(s -> s.host().id().value()).toList(),
                a.total()))
        .toList();
  }

  private double complete(
      PlacementRequest request, Ask first, List<HostView> shadows, double score) {
    double total = score;
    Ask ask = first;
    while (shadows.size() < request.shadowsWanted()) {
      List<Scored> ranked = ranked(ask);
      if (ranked.isEmpty()) {
        break;
      }
      shadows.add(ranked.getFirst().host());
      total += ranked.getFirst().score();
      ask = ask.besides(ranked.getFirst().host());
    }
    return total;
  }

  private List<Scored> ranked(Ask ask) {
    int order = TieBreak.orderOf(ask.request().seed());
    return fleet.hosts().stream()
        .filter(host -> catalogue.filters().stream().allMatch(f -> passes(f, host, ask)))
        .map(host -> new Scored(host, scoring.score(host, ask)))
        .sorted(
            Comparator.comparingDouble((Scored s) -> -s.score())
                .thenComparingLong(s -> TieBreak.rankOf(s.host().host().id(), order))
                .thenComparing(s -> s.host().host().id()))
        .toList();
  }

  private static boolean passes(HostFilter filter, HostView host, Ask ask) {
    return filter.check(host, ask) instanceof Verdict.Pass;
  }

  private Ask shadowAsk(PlacementRequest request, HostView primary) {
    var mode = request.vm().policy().policy().mode();
    return Ask.forShadow(
        request,
        fleet,
        primary,
        settings.sizing().resident(mode, request.vm().size(), 0),
        settings.sizing().reserve(mode, request.vm().size(), 0));
  }
}
