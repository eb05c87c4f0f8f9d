package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.sync.epoch.EpochManifest;
import java.time.Duration;
import java.util.List;

/**
 * A shadow has become the guest.
 *
 * @param guest runs; belongs to the caller from now on
 * @param epoch whose state it went on with
 * @param forwards the ports that lead to it
 */
public record Promotion(
    QemuGuest guest, EpochManifest epoch, List<PortForward> forwards, Times times) {

  public Promotion {
    forwards = List.copyOf(forwards);
  }

  /**
   * Where the time went.
   *
   * @param start to have a QEMU that waits; nothing if it was warm
   * @param state to have memory and disks as they were at the epoch
   * @param load to give it the state of its devices
   * @param open until its network was plugged in, its ports open and the guest running
   */
  public record Times(Duration start, Duration state, Duration load, Duration open) {

    /** All of it. */
    public Duration total() {
      return start.plus(state).plus(load).plus(open);
    }
  }
}
