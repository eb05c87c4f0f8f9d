package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.sync.epoch.EpochManifest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A shadow has become the guest.
 *
 * @param guest runs; belongs to the caller from now on
 * @param epoch whose state it went on with
 * @param forwards the ports that lead to it
 * @param identity of the guest it was a shadow of, as which it goes on
 * @param tidied ends when its old epochs are removed, with the complaint if they could not be;
 *     nobody may touch its directory before
 */
public record Promotion(
    QemuGuest guest,
    EpochManifest epoch,
    List<PortForward> forwards,
    GuestIdentity identity,
    Times times,
    CompletableFuture<Optional<String>> tidied) {

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
