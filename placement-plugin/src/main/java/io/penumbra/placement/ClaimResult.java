package io.penumbra.placement;

import io.penumbra.domain.fleet.FleetChange;
import java.util.List;

/** Whether a decision still holds on the fleet as it is now. */
public sealed interface ClaimResult {

  /**
   * It holds.
   *
   * @param changes to be applied to the fleet by the caller, in this order; they are not yet
   *     applied
   */
  record Claimed(List<FleetChange> changes) implements ClaimResult {
    public Claimed {
      changes = List.copyOf(changes);
    }
  }

  /**
   * The fleet has moved on and the chosen hosts no longer fit: decide again.
   *
   * @param decidedOn generation the decision was made on
   * @param now generation of the fleet
   * @param why which host was refused by which filter, with the numbers
   */
  record Stale(long decidedOn, long now, String why) implements ClaimResult {}
}
