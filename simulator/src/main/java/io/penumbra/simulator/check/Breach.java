package io.penumbra.simulator.check;

import java.time.Instant;

/**
 * Something happened that must never happen.
 *
 * @param never number of the never in the design, 1 to 9, or one of the two below
 * @param what with VM, hosts and numbers
 */
public record Breach(int never, Instant at, String what, long seed) {

  /** What must come true after everything has healed did not. */
  public static final int NOT_CONVERGED = 0;

  /** The control loop threw an exception of its own. */
  public static final int LOOP_DIED = 10;

  @Override
  public String toString() {
    String kind =
        switch (never) {
          case NOT_CONVERGED -> "not converged";
          case LOOP_DIED -> "loop died";
          default -> "never " + never + " breached";
        };
    return "%s at %s, seed %d: %s".formatted(kind, at, seed, what);
  }
}
