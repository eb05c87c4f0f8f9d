package io.penumbra.scheduler.port;

import io.penumbra.domain.command.Command.FenceCommand;

/**
 * Makes sure that an instance cannot serve. Answers come back through the {@link EventSink} as
 * {@code FencingAnswered}; no answer at all is the same as {@code Unknown}.
 */
public interface Fencer {

  /** Hands over a command and returns at once. */
  void execute(FenceCommand command);
}
