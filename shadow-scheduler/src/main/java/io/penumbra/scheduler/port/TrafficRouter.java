package io.penumbra.scheduler.port;

import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command.TrafficCommand;

/** Load balancers and name servers. Outcomes come back through the {@link EventSink}. */
public interface TrafficRouter {

  /** Hands over a command and returns at once. */
  void execute(TrafficCommand command);

  /**
   * Whether it looks after where this VM's clients go, but does not remember it: after a restart it
   * has to be told, though nothing has changed.
   */
  default boolean forgets(VmId vm) {
    return false;
  }
}
