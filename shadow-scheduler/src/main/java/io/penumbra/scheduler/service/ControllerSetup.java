package io.penumbra.scheduler.service;

import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.port.Alerts;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.TrafficRouter;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What a {@link Controller} runs on.
 *
 * @param journal opens the journal; called again whenever a loop has died and another one begins
 * @param decisions opens the decision log of a loop, given the placer whose reasons it writes
 */
public record ControllerSetup(
    Cloud cloud,
    Fencer fencer,
    TrafficRouter traffic,
    Supplier<Journal> journal,
    Function<Placer, DecisionLog> decisions,
    Alerts alerts,
    FleetSettings fleet,
    PlacementSettings placement,
    TransitionObserver transitions) {}
