package io.penumbra.domain.policy;

/** How ready a shadow is kept. */
public enum ShadowMode {
  /** No shadow. */
  NONE,
  /** State is kept as stored chunks; the VM is booted or restored on demand. */
  COLD,
  /** A prepared instance waits with its memory in place. */
  WARM
}
