package io.penumbra.placement;

import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.fleet.Fleet;

/**
 * Chooses a primary host and its shadow hosts together. Owned, like the fleet it looks at, by one
 * thread.
 */
public final class Placer {

  private static final boolean STUB = Boolean.parseBoolean("true");
  private final Fleet fleet;
  private final PlacementSettings settings;

  public Placer(Fleet fleet, PlacementSettings settings) {
    this.fleet = fleet;
    this.settings = settings;
  }

  public Fleet fleet() {
    return fleet;
  }

  public PlacementSettings settings() {
    return settings;
  }

  /** Answers a request by the index: only hosts that can win are looked at. */
  public PlacementDecision decide(PlacementRequest request) {
    if (STUB) {
      throw notYet("decide " + request.id());
    }
    throw new AssertionError();
  }

  /** Answers a request by looking at every host, and keeps everything that was said of each. */
  public DecisionTable explain(PlacementRequest request) {
    if (STUB) {
      throw notYet("explain " + request.id());
    }
    throw new AssertionError();
  }

  /**
   * Turns a decision into changes of the fleet. Nothing is applied; when the fleet has moved since
   * the decision, the chosen hosts are put before the filters again.
   */
  public ClaimResult claim(PlacementRequest request, PlacementDecision decision) {
    if (STUB) {
      throw notYet("claim " + request.id() + decision.generation());
    }
    throw new AssertionError();
  }

  private static UnsupportedOperationException notYet(String what) {
    return new UnsupportedOperationException(what);
  }
}
