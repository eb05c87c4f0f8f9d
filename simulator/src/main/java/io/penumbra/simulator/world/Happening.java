package io.penumbra.simulator.world;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;

/** One thing that really happened. Checkers, figures and the trace are made of these. */
public sealed interface Happening {

  /** A VM began to exist, or its owner took it away. */
  record VmCame(WorldVm vm, WorldHost host) implements Happening {}

  record VmWent(WorldVm vm) implements Happening {}

  /** A guest began or ceased to run. */
  record ServingChanged(Instance instance, boolean serving, String why) implements Happening {}

  /** A shadow was created beside a primary. */
  record ShadowAdmitted(Instance shadow, Instance primary) implements Happening {}

  record ShadowCompleted(Instance shadow) implements Happening {}

  record ShadowGone(Instance shadow, String why) implements Happening {}

  /**
   * A shadow was told to come to life.
   *
   * @param epochAsked which epoch it was told to start from
   * @param epochHeld which epoch it held
   * @param verified whether every page of it was known to be right
   * @param lostNanos how much of the primary's running time is not in that state
   */
  record Activated(
      Instance instance, long epochAsked, long epochHeld, boolean verified, long lostNanos)
      implements Happening {}

  /**
   * Clients are sent to another host.
   *
   * @param what load balancer or DNS
   */
  record Pointed(WorldVm vm, String what, WorldHost host) implements Happening {}

  /** What a host's instances take of it has changed. */
  record HoldingsChanged(WorldHost host) implements Happening {}

  /** A host stopped or started running. */
  record HostWent(WorldHost host, boolean running, String why) implements Happening {}

  /** A host's agent, its power or its way through the network changed. */
  record LinksChanged(WorldHost host) implements Happening {}

  /** A fault began or ended. */
  record Fault(String kind, boolean begins, String what) implements Happening {}

  /** The control loop handed over a command. */
  record Commanded(Command command) implements Happening {}

  /** A command's outcome was put on its way back. */
  record Reported(CommandId command, Outcome outcome) implements Happening {}

  /** The controller's process died or came back. */
  record ControllerWent(boolean up, String why) implements Happening {}

  /** Something was said about the run itself, for the trace. */
  record Noted(String text) implements Happening {}
}
