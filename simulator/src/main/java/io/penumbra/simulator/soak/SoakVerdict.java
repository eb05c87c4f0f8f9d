package io.penumbra.simulator.soak;

/** How a seed ended, with the exit code that says so. */
public enum SoakVerdict {
  /** Nothing happened that must never happen, and everything healed. */
  OK(0),
  /** Something happened that must never happen. */
  SAFETY(3),
  /** After everything had healed, the world was not put right in time. */
  LIVENESS(4);

  private final int exitCode;

  SoakVerdict(int exitCode) {
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }
}
