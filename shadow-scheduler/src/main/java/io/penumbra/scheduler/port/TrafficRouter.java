package io.penumbra.scheduler.port;

import io.penumbra.domain.command.Command.TrafficCommand;

/** Load balancers and name servers. Outcomes come back through the {@link EventSink}. */
public interface TrafficRouter {

  /** Hands over a command and returns at once. */
  void execute(TrafficCommand command);
}
