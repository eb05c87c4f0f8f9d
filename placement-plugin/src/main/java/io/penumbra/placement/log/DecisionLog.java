package io.penumbra.placement.log;

import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;

/**
 * Where every change of the fleet and every placement decision goes, in the order in which they
 * happened, so that each decision can be read, explained and made again. Called by the one thread
 * that owns the fleet.
 */
public interface DecisionLog extends AutoCloseable {

  /**
   * A change was applied to the fleet.
   *
   * @param generation of the fleet after the change, as {@code Fleet.apply} returned it
   */
  void fleetChanged(long generation, FleetChange change);

  /**
   * A decision was made, also when it is a refusal. To be called before the changes that carry it
   * out are applied: the fleet is still the one that was decided on, so a log that writes what
   * every filter and weigher said of every host can ask for it now.
   */
  void decided(PlacementRequest request, PlacementDecision decision);

  /** Shows readers what was logged so far, for when nothing happens for a while. */
  default void flush() {}

  /** Writes what is still buffered. Nothing may be logged afterwards. */
  @Override
  void close();
}
