package io.penumbra.domain.policy;

/** When a response may leave the VM. */
public enum CommitMode {
  /** At once: what was written since the acked epoch can be lost. */
  ASYNC,
  /** After the epoch that contains it is acked: nothing a client has seen is ever lost. */
  OUTPUT_COMMIT
}
