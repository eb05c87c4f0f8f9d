package io.penumbra.simulator.hardware;

/** What a failure does to a host. */
public enum FailureKind {
  /** The host and every guest on it is dead at once; it is back, empty, when it is repaired. */
  CRASH,
  /** Nothing runs and no message leaves; then everything goes on as if no time had passed. */
  FREEZE,
  /** Everything is slower by the failure's factor. */
  SLOW
}
