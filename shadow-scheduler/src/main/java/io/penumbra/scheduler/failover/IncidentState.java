package io.penumbra.scheduler.failover;

/** Where the trouble with one host stands. */
public enum IncidentState {
  /** Other hosts are being asked whether they reach it. */
  CONFIRMING,
  /** Nobody can tell; the fault may be ours. Asked again after a while. */
  DOUBTFUL,
  /** Others reach it and we don't: nothing is done but asking again after a while. */
  REACHED,
  /** Nobody reaches it; the breaker holds it, or there is nothing on it to rescue. */
  HELD,
  /** It is being switched off. */
  FENCING,
  /** It is certain that nothing on it serves. */
  FENCED,
  CLOSED;

  /** Whether the host counts as dead. */
  public boolean dead() {
    return this == HELD || this == FENCING || this == FENCED;
  }
}
