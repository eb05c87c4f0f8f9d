package io.penumbra.adapter.qemu.capture;

import java.time.Duration;

/**
 * Where the time of one pause went. The guest stands still from within the first to within the
 * last.
 *
 * @param devices to stop the guest and have its devices saved
 * @param finding to find out which pages may have changed; nothing where pages are compared
 * @param copying what the engine did while it held the guest
 * @param resuming until QEMU said that the guest runs again
 */
public record PauseTimes(Duration devices, Duration finding, Duration copying, Duration resuming) {

  /** From asking to stop until it runs again. */
  public Duration total() {
    return devices.plus(finding).plus(copying).plus(resuming);
  }
}
