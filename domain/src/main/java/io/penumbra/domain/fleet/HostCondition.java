package io.penumbra.domain.fleet;

/** What a host may be used for. */
public enum HostCondition {
  /** In service. */
  UP,
  /** An operator is working on it: nothing new is placed, what runs may be moved. */
  MAINTENANCE,
  /** It failed or was about to: nothing new is placed while it is watched. */
  QUARANTINED,
  /** Its reports are too old to decide on. */
  STALE,
  /** It is not running. */
  DOWN;

  public boolean acceptsPlacements() {
    return this == UP;
  }
}
