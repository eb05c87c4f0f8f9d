package io.penumbra.scheduler.loop;

import io.penumbra.placement.log.DecisionLog;
import io.penumbra.scheduler.port.Alerts;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.TrafficRouter;
import java.time.InstantSource;

/**
 * What the loop is plugged into.
 *
 * @param inbox where the ports put what comes back; the loop drains it
 */
public record LoopPorts(
    Cloud cloud,
    Fencer fencer,
    TrafficRouter traffic,
    Journal journal,
    Alerts alerts,
    DecisionLog decisions,
    Inbox inbox,
    InstantSource clock) {}
