package io.penumbra.adapter.qemu.guest;

/** What a QEMU is there for. */
public enum GuestRole {
  /** It runs, and serves. */
  PRIMARY,
  /** It waits with its memory in place; its links are down. */
  SHADOW
}
