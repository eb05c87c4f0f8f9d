package io.penumbra.scheduler.failover;

/** What can happen to a failover. */
public enum SagaSignal {
  /** Its turn has come, and the guest is asked first. */
  ADMIT_CONFIRM,
  /** Its turn has come, and its host is known to be dead. */
  ADMIT_FENCE,
  /** Its turn has come, and the primary is alive. */
  ADMIT_MOVE,
  /** The guest really does not answer. */
  CONFIRMED,
  /** The old primary cannot serve; the shadow is not at its newest state yet. */
  FENCED,
  /** The old primary cannot serve, and the shadow has its last state. */
  FENCED_SYNCED,
  /** The shadow has the newest state that can be had, and the old primary is fenced. */
  SYNCED,
  /** The shadow has the state of the paused primary, which is still to be fenced. */
  SYNCED_UNFENCED,
  /** The step is done. */
  DONE,
  /** The step is tried again. */
  RETRY,
  /** The step cannot be done: its way out is taken. */
  EXHAUSTED,
  /** This shadow cannot take over, another one might. */
  OTHER_TARGET,
  /** No shadow can take over. */
  NO_TARGET,
  /** A shadow that can take over has been found. */
  TARGET_FOUND,
  /** The host of the shadow that takes over was found dead. */
  TARGET_LOST,
  /** The shadow that was given up had come to life unheard, and serves. */
  TARGET_SERVES,
  /** The primary is alive after all, or its host has come back before fencing was certain. */
  PRIMARY_ALIVE,
  /** The primary's host was found dead while the primary was thought alive. */
  PRIMARY_DIED,
  /** The fenced host has come back: what was certain is so no longer. */
  PROOF_VOID,
  /** Its owner has deleted the VM. */
  VM_GONE,
  /** A report that nobody waits for any more. */
  LATE
}
