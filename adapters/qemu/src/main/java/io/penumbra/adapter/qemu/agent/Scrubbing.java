package io.penumbra.adapter.qemu.agent;

/**
 * How guests' memory is read a second time, and what follows when it is not what it should be. What
 * shadows have is read back at the same pace; whatever is wrong there is sent again.
 *
 * @param mibPerSecond of each guest, and of each shadow; 0 for not at all
 * @param rollBack whether the guest is given up at once for its last healthy epoch; otherwise the
 *     epochs that follow are marked as suspect, and a person decides
 */
public record Scrubbing(int mibPerSecond, boolean rollBack) {

  /** A pass over 8 GiB in some four minutes, for half a percent of a core. */
  public static final Scrubbing DEFAULT = new Scrubbing(32, false);

  public Scrubbing {
    if (mibPerSecond < 0 || mibPerSecond > 1 << 20) {
      throw new IllegalArgumentException(
          "%d MiB per second; expected 0 to %d".formatted(mibPerSecond, 1 << 20));
    }
  }
}
