package io.penumbra.adapter.qemu.guest;

import java.util.Locale;

/** How a guest's instructions are carried out. */
public enum Accelerator {
  /** By the hardware. */
  KVM,
  /** By QEMU's translator; works everywhere, several times slower. */
  TCG;

  /** What QEMU calls it. */
  String argument() {
    return name().toLowerCase(Locale.ROOT);
  }
}
