package io.penumbra.app.serve;

import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.TrafficRouter;
import io.penumbra.web.Route;
import java.util.List;

/**
 * A cloud, plugged in.
 *
 * @param routes what it wants to be called by, such as heartbeats
 * @param close ends its threads and connections
 */
record ServePorts(
    Cloud cloud, Fencer fencer, TrafficRouter traffic, List<Route> routes, Runnable close) {
  ServePorts {
    routes = List.copyOf(routes);
  }
}
