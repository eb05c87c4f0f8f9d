package io.penumbra.scheduler.failover;

/** Why a VM changes places. */
public enum FailoverReason {
  /** Its host was found dead. */
  HOST_FAILED,
  /** The guest stopped working on a living host. */
  GUEST_FAILED,
  /** Its host is likely to fail, and moving is cheaper than waiting. */
  PREDICTED,
  /** An operator wants its host empty. */
  PLANNED;

  /** Whether the primary is expected to be alive when the saga starts, so that nothing is lost. */
  public boolean primaryAlive() {
    return this == PREDICTED || this == PLANNED;
  }
}
