package io.penumbra.placement;

import io.penumbra.domain.Resources;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.DecisionTable.SearchEffort;
import io.penumbra.placement.PlacementDecision.SearchBound;
import io.penumbra.placement.fleet.BestFirst;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostIndex;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds the best primary together with its shadows, and the next best.
 *
 * <p>Primaries are tried in the order of their own score; for each the shadows are chosen one after
 * another, each the best that is left beside those chosen before; a primary is given up as soon as
 * no shadow that is left can bring it above the second best found. The search ends when no later
 * primary can do better than that, whatever shadows it had, or after {@code pairCandidatesMax}
 * primaries. Between equal totals the earlier primary wins.
 */
final class PairSearch {

  /** More traits than this are searched for among all hosts. */
  private static final int TRAIT_INDEXES_MAX = 32;

  private final Fleet fleet;
  private final PlacementSettings settings;
  private final List<HostFilter> filters;
  private final Scoring scoring;
  private final HostIndex everywhere;

  /**
   * One index for each trait that was ever required, over the hosts that have it: such hosts are
   * few, and in the index of all hosts they would have to be searched for. Looked up, never
   * iterated.
   */
  private final Map<String, HostIndex> byTrait = new HashMap<>();

  private HostIndex index;
  private final BestFirst primaries;
  private final BestFirst shadows;

  private @Nullable Assignment best;
  private @Nullable Assignment second;
  private int examined;
  private Optional<SearchBound> bound = Optional.empty();

  /** The most that any host could score as a shadow; NaN until it is asked for. */
  private double shadowMost;

  private SearchEffort effort = new SearchEffort(0, 0, 0, false);

  PairSearch(Fleet fleet, PlacementSettings settings, List<HostFilter> filters, Scoring scoring) {
    this.fleet = fleet;
    this.settings = settings;
    this.filters = filters;
    this.scoring = scoring;
    everywhere = indexOf(_ -> true);
    index = everywhere;
    primaries = new BestFirst(everywhere);
    shadows = new BestFirst(everywhere);
  }

  /** Searches for a primary and its shadows. */
  void run(PlacementRequest request) {
    begin(request);
    int wanted = request.shadowsWanted();
    Ask ask = Ask.forPrimary(request, fleet);
    Judgement judgement = new Judgement(filters, scoring, ask);
    Resources size = request.vm().size();
    primaries.start(index, request, false, size, size, ask.companions(), judgement);
    while (primaries.next(judgement)) {
      if (settled(request, wanted)) {
        break;
      }
      if (examined == settings.pairCandidatesMax()) {
        bound = Optional.of(new SearchBound(examined, couldScore(request, wanted)));
        break;
      }
      examined++;
      offer(withShadows(request, primaries.host(), primaries.score(), wanted));
    }
    end();
  }

  /** Searches for shadows of a VM that already runs; the next best has another first shadow. */
  void runFor(PlacementRequest request, HostView primary) {
    begin(request);
    int wanted = request.shadowsWanted();
    Judgement judgement = new Judgement(filters, scoring, shadowAsk(request, primary));
    if (wanted == 0) {
      offer(new Assignment(primary, List.of(), 0));
    } else {
      startShadows(judgement.ask(), judgement);
      List<HostView> firsts = new ArrayList<>(2);
      List<Double> scores = new ArrayList<>(2);
      while (firsts.size() < 2 && shadows.next(judgement)) {
        firsts.add(shadows.host());
        scores.add(shadows.score());
      }
      for (int i = 0; i < firsts.size(); i++) {
        List<HostView> chosen = new ArrayList<>(wanted);
        chosen.add(firsts.get(i));
        double total =
            complete(judgement.ask().besides(firsts.get(i)), chosen, scores.get(i), wanted);
        offer(new Assignment(primary, chosen, total));
      }
    }
    end();
  }

  @Nullable Assignment best() {
    return best;
  }

  @Nullable Assignment second() {
    return second;
  }

  /** Where the search was broken off, if it was. */
  Optional<SearchBound> bound() {
    return bound;
  }

  SearchEffort effort() {
    return effort;
  }

  private void begin(PlacementRequest request) {
    index = indexFor(request);
    index.refresh();
    best = null;
    second = null;
    examined = 0;
    bound = Optional.empty();
    shadowMost = Double.NaN;
    primaries.resetEffort();
    shadows.resetEffort();
  }

  /** The smallest index that has every host with the required traits. */
  private HostIndex indexFor(PlacementRequest request) {
    if (request.requiredTraits().isEmpty()) {
      return everywhere;
    }
    String trait = request.requiredTraits().getFirst();
    HostIndex known = byTrait.get(trait);
    if (known != null) {
      return known;
    }
    if (byTrait.size() == TRAIT_INDEXES_MAX || !fleet.knowsTrait(trait)) {
      return everywhere;
    }
    HostIndex made = indexOf(host -> host.hasTrait(trait));
    byTrait.put(trait, made);
    return made;
  }

  private HostIndex indexOf(Predicate<HostView> member) {
    return new HostIndex(fleet, scoring.hostTerms(), scoring.attributes(), member);
  }

  private void end() {
    effort =
        new SearchEffort(
            examined,
            primaries.checked() + shadows.checked(),
            primaries.opened() + shadows.opened(),
            bound.isPresent());
  }

  /** Whether the primary that was just found, and any after it, comes too late. */
  private boolean settled(PlacementRequest request, int wanted) {
    Assignment toBeat = toBeat(wanted);
    if (toBeat == null) {
      return false;
    }
    return couldScore(request, wanted) <= toBeat.total();
  }

  /**
   * The most that a pair of the primary that was just found, or of any after it, could score; what
   * the primary alone does when no host can take a shadow.
   */
  private double couldScore(PlacementRequest request, int wanted) {
    if (wanted > 0 && Double.isNaN(shadowMost)) {
      shadowMost = mostOfAnyShadow(shadowAsk(request, primaries.host()));
    }
    double most = most(primaries.score(), wanted);
    return Double.isFinite(most) ? most : primaries.score();
  }

  /** The next best so far, if it has all the shadows that are wanted. */
  private @Nullable Assignment toBeat(int wanted) {
    Assignment found = second;
    return found == null || found.shadows().size() < wanted ? null : found;
  }

  /** The most that a total could become when so many shadows are still missing. */
  private double most(double total, int missing) {
    double most = total;
    for (int i = 0; i < missing; i++) {
      most += shadowMost;
    }
    return most;
  }

  /** Room and index do not depend on which primary it is, so this holds for all. */
  private double mostOfAnyShadow(Ask ask) {
    return shadows.bound(
        index,
        ask.request(),
        true,
        ask.needed(),
        ask.needed().plus(ask.reserve()),
        ask.companions(),
        new Judgement(filters, scoring, ask));
  }

  private Assignment withShadows(
      PlacementRequest request, HostView primary, double score, int wanted) {
    if (wanted == 0) {
      return new Assignment(primary, List.of(), score);
    }
    List<HostView> chosen = new ArrayList<>(wanted);
    double total = complete(shadowAsk(request, primary), chosen, score, wanted);
    return new Assignment(primary, chosen, total);
  }

  /**
   * Adds shadows to {@code chosen} until there are enough, none is left, or none that is left makes
   * it better than the second best; returns the total.
   */
  private double complete(Ask first, List<HostView> chosen, double score, int wanted) {
    double total = score;
    Ask ask = first;
    while (chosen.size() < wanted) {
      Judgement judgement = new Judgement(filters, scoring, ask);
      startShadows(ask, judgement);
      if (!shadows.next(judgement, floor(total, wanted, wanted - chosen.size() - 1))) {
        break;
      }
      chosen.add(shadows.host());
      total += shadows.score();
      ask = ask.besides(shadows.host());
    }
    return total;
  }

  /**
   * A score with which, or with less, the next shadow cannot make the total better than the second
   * best found, even if those that are still missing after it are as good as can be.
   */
  private double floor(double total, int wanted, int missing) {
    Assignment toBeat = toBeat(wanted);
    if (toBeat == null || Double.isNaN(shadowMost)) {
      return Double.NEGATIVE_INFINITY;
    }
    double floor = toBeat.total() - most(total, missing);
    // Sums are rounded; the bound must hold for them as they will be made.
    double step = Math.ulp(Math.abs(toBeat.total()) + Math.abs(most(total, missing)));
    while (most(total + floor, missing) > toBeat.total()) {
      floor -= step;
    }
    return floor;
  }

  private void startShadows(Ask ask, Judgement judgement) {
    shadows.start(
        index,
        ask.request(),
        true,
        ask.needed(),
        ask.needed().plus(ask.reserve()),
        ask.companions(),
        judgement);
  }

  private void offer(Assignment found) {
    if (best == null || found.beats(best)) {
      second = best;
      best = found;
    } else if (second == null || found.beats(second)) {
      second = found;
    }
  }

  Ask shadowAsk(PlacementRequest request, HostView primary) {
    var mode = request.vm().policy().policy().mode();
    Resources size = request.vm().size();
    return Ask.forShadow(
        request,
        fleet,
        primary,
        settings.sizing().resident(mode, size, 0),
        settings.sizing().reserve(mode, size, 0));
  }
}
