package io.penumbra.scheduler.port;

import java.time.Instant;

/** Where the control loop calls for a person. */
@FunctionalInterface
public interface Alerts {

  void raise(Alert alert);

  /**
   * One call.
   *
   * @param code short and stable: {@code fencing-unknown}, {@code breaker-open}
   * @param subject the VM or host it is about
   * @param message what happened, with numbers
   * @param advice what a person can do
   */
  record Alert(Instant at, String code, String subject, String message, String advice) {}
}
