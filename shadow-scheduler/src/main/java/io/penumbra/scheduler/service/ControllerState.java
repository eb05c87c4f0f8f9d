package io.penumbra.scheduler.service;

import java.time.Instant;

/** How a {@link Controller} is. */
public sealed interface ControllerState {

  /** It reads its journal and asks the cloud what there is. */
  record Starting(Instant since) implements ControllerState {}

  /** It works. */
  record Working(Instant since) implements ControllerState {}

  /**
   * Its loop broke off; another one starts from the journal.
   *
   * @param attempts how many have broken off in a row
   */
  record Recovering(Instant since, int attempts, String why, Instant again)
      implements ControllerState {}

  /** It was closed. */
  record Closed() implements ControllerState {}
}
