package io.penumbra.scheduler.failover;

/** What can happen to the trouble with one host. */
public enum IncidentSignal {
  /** The detector says it again. */
  SUSPECTED,
  PROBED_ALIVE,
  PROBED_UNREACHABLE,
  PROBED_UNDECIDED,
  /** Time to ask again. */
  RECHECK,
  /** The breaker lets it through. */
  ADMITTED,
  FENCED,
  /** Fencing is asked for again. */
  RETRY,
  /** Its heartbeats are back. */
  TRUSTED,
  /** The cloud says that it is in service again, or gone for good. */
  RETURNED,
  /** A report that nobody waits for any more. */
  LATE
}
