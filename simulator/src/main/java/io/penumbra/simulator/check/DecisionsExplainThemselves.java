package io.penumbra.simulator.check;

import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.Refused;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;

/**
 * Never 8: a decision without reasons, or two different decisions from the same snapshot, policy
 * and seed. Keeps a second fleet, told the same changes, and asks it the same questions.
 */
public final class DecisionsExplainThemselves implements Checker {

  private final FleetSettings fleetSettings;
  private final PlacementSettings placementSettings;
  private final int everyNth;
  private final Breaches breaches;
  private Placer mirror;
  private long asked;

  /**
   * A checker with a fleet of its own.
   *
   * @param everyNth asks the mirror at every n-th decision; 0 never
   */
  public DecisionsExplainThemselves(
      FleetSettings fleetSettings,
      PlacementSettings placementSettings,
      int everyNth,
      Breaches breaches) {
    this.fleetSettings = fleetSettings;
    this.placementSettings = placementSettings;
    this.everyNth = everyNth;
    this.breaches = breaches;
    this.mirror = new Placer(new Fleet(fleetSettings), placementSettings);
  }

  /** Starts over: another controller fills its fleet from the beginning. */
  public void restarted() {
    mirror = new Placer(new Fleet(fleetSettings), placementSettings);
  }

  /** Placement was told of a change. */
  public void changed(long generation, FleetChange change) {
    if (everyNth > 0 && mirror.fleet().apply(change) != generation) {
      breaches.report(
          8,
          "the same changes gave generation %d here and %d there"
              .formatted(generation, mirror.fleet().generation()));
    }
  }

  /** A decision was made, and nothing of it is carried out yet. */
  public void decided(PlacementRequest request, PlacementDecision decision) {
    String missing = missingReason(request, decision);
    if (!missing.isEmpty()) {
      breaches.report(8, "the decision for VM %s %s".formatted(decision.vm(), missing));
    }
    if (everyNth > 0 && ++asked % everyNth == 0) {
      PlacementDecision again = mirror.decide(request);
      if (!again.equals(decision)) {
        breaches.report(
            8, "asked twice for VM %s: %s and %s".formatted(decision.vm(), decision, again));
      }
    }
  }

  private static String missingReason(PlacementRequest request, PlacementDecision decision) {
    if (decision.policySource().isBlank()) {
      return "does not say which rule its policy comes from";
    }
    return switch (decision.answer()) {
      case Refused refused -> refused.reasons().isEmpty() ? "is a refusal without a reason" : "";
      case Placed placed -> {
        if (request.fixedPrimary().isEmpty() && placed.primary().scores().isEmpty()) {
          yield "has no scores for its primary";
        }
        boolean fewer = placed.shadows().size() < request.shadowsWanted();
        yield fewer && placed.shortOfShadows().isEmpty()
            ? "has fewer shadows than asked for and does not say why"
            : "";
      }
    };
  }
}
