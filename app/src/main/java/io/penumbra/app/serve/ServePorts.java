package io.penumbra.app.serve;

import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.TrafficRouter;
import io.penumbra.web.Gatekeeper;
import io.penumbra.web.Route;
import java.util.List;
import java.util.Optional;

/**
 * A cloud, plugged in.
 *
 * @param routes what it wants to be called by, such as heartbeats
 * @param callers tells who else may call the API, such as the cloud's own users
 * @param close ends its threads and connections
 */
record ServePorts(
    Cloud cloud,
    Fencer fencer,
    TrafficRouter traffic,
    List<Route> routes,
    Optional<Gatekeeper> callers,
    Runnable close) {

  /** A cloud whose API nobody calls but those who have a token of ours. */
  static ServePorts of(
      Cloud cloud, Fencer fencer, TrafficRouter traffic, List<Route> routes, Runnable close) {
    return new ServePorts(cloud, fencer, traffic, routes, Optional.empty(), close);
  }

  ServePorts {
    routes = List.copyOf(routes);
  }
}
