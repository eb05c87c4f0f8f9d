package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.sync.file.Retention;
import java.nio.file.Path;

/**
 * What a shadow is to be.
 *
 * @param spec of the primary; kernel and disks may lie elsewhere here, ports may differ
 * @param primary what the primary is by its own QEMU's account
 * @param directory the shadow's own; epochs and disks lie in it
 * @param ram the file for the guest's memory: in {@code /dev/shm} for the fastest takeover, on a
 *     disk if memory shall be free for others until the shadow is needed
 * @param retention how many epochs it can go back
 */
public record ShadowPlan(
    GuestSpec spec, GuestIdentity primary, Path directory, Path ram, Retention retention) {

  /** Enough to find a healthy epoch; a shadow is no archive. */
  public static final Retention SHORT = new Retention(64, 1L << 30);

  public ShadowPlan {
    directory = directory.toAbsolutePath().normalize();
    ram = ram.toAbsolutePath().normalize();
  }

  /** With memory in {@code /dev/shm} and epochs for a short way back. */
  public static ShadowPlan of(GuestSpec spec, GuestIdentity primary, Path directory) {
    return new ShadowPlan(spec, primary, directory, GuestHome.in(directory).ram(), SHORT);
  }

  /** What a shadow keeps here whose epochs the tier store has. */
  public static final Retention CACHE = new Retention(4, 64L << 20);

  /**
   * For a cold shadow: memory in a file beside the rest, so that it takes none of the host's until
   * it is needed.
   */
  public static ShadowPlan cold(
      GuestSpec spec, GuestIdentity primary, Path directory, Retention retention) {
    return new ShadowPlan(spec, primary, directory, directory.resolve("ram.mem"), retention);
  }

  GuestHome home() {
    return new GuestHome(directory, ram);
  }

  /** Where epochs, disks and a link to the memory lie. */
  public Path state() {
    return directory.resolve("state");
  }
}
