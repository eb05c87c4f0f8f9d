package io.penumbra.simulator.engine;

import io.penumbra.domain.event.Event;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.TrafficRouter;
import io.penumbra.simulator.world.OutputGate;
import java.util.function.UnaryOperator;

/**
 * Where the production code is plugged into the world, so that one rule can be broken there and
 * nowhere else: tests of the checkers run it with a port or a setting that lies.
 *
 * @param incoming what the loop is told of every event; the world is not told
 * @param placing what placement is asked when a VM arrives
 * @param settings the loop's settings; the checkers judge by the true ones
 * @param fleet the fleet's settings; the checkers judge by the true ones
 */
public record Seams(
    UnaryOperator<Cloud> cloud,
    UnaryOperator<Fencer> fencer,
    UnaryOperator<TrafficRouter> traffic,
    UnaryOperator<Journal> journal,
    UnaryOperator<Event> incoming,
    UnaryOperator<PlacementRequest> placing,
    UnaryOperator<SchedulerSettings> settings,
    UnaryOperator<FleetSettings> fleet,
    OutputGate gate) {

  /** Nothing is broken. */
  public static Seams sound() {
    return new Seams(
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        UnaryOperator.identity(),
        OutputGate.ACKED);
  }

  public Seams withCloud(UnaryOperator<Cloud> changed) {
    return new Seams(changed, fencer, traffic, journal, incoming, placing, settings, fleet, gate);
  }

  public Seams withFencer(UnaryOperator<Fencer> changed) {
    return new Seams(cloud, changed, traffic, journal, incoming, placing, settings, fleet, gate);
  }

  public Seams withTraffic(UnaryOperator<TrafficRouter> changed) {
    return new Seams(cloud, fencer, changed, journal, incoming, placing, settings, fleet, gate);
  }

  public Seams withJournal(UnaryOperator<Journal> changed) {
    return new Seams(cloud, fencer, traffic, changed, incoming, placing, settings, fleet, gate);
  }

  public Seams withIncoming(UnaryOperator<Event> changed) {
    return new Seams(cloud, fencer, traffic, journal, changed, placing, settings, fleet, gate);
  }

  public Seams withPlacing(UnaryOperator<PlacementRequest> changed) {
    return new Seams(cloud, fencer, traffic, journal, incoming, changed, settings, fleet, gate);
  }

  public Seams withSettings(UnaryOperator<SchedulerSettings> changed) {
    return new Seams(cloud, fencer, traffic, journal, incoming, placing, changed, fleet, gate);
  }

  public Seams withFleet(UnaryOperator<FleetSettings> changed) {
    return new Seams(cloud, fencer, traffic, journal, incoming, placing, settings, changed, gate);
  }

  public Seams withGate(OutputGate changed) {
    return new Seams(cloud, fencer, traffic, journal, incoming, placing, settings, fleet, changed);
  }
}
