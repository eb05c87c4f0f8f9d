package io.penumbra.tiers.pack;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * Sizes and times of a shelf.
 *
 * @param packBytes a pack is ended when it has so much
 * @param packAge an open pack is ended when it is so old, so that it can go to the object tier
 * @param localBytesMax most bytes of packs on SSD; beyond, a put is refused
 * @param highShare share of {@code localBytesMax} at which packs begin to leave
 * @param lowShare share at which they stop leaving, and below which hot ones may come back
 * @param heatHalfLife time in which heat halves
 */
public record PackRules(
    int packBytes,
    Duration packAge,
    long localBytesMax,
    double highShare,
    double lowShare,
    Duration heatHalfLife) {

  /** Most that a pack is set to: with its last chunk it still fits one object. */
  public static final int PACK_BYTES_MAX = 128 << 20;

  public PackRules {
    if (packBytes < 4096 || packBytes > PACK_BYTES_MAX) {
      throw new IllegalArgumentException(
          "packBytes is %d; expected 4096 to %d".formatted(packBytes, PACK_BYTES_MAX));
    }
    above("packAge", packAge);
    Guard.positive("localBytesMax", (double) localBytesMax);
    Guard.share("highShare", highShare);
    Guard.share("lowShare", lowShare);
    if (lowShare > highShare) {
      throw new IllegalArgumentException(
          "lowShare is %s and highShare %s; expected low at or below high"
              .formatted(lowShare, highShare));
    }
    above("heatHalfLife", heatHalfLife);
  }

  private static void above(String what, Duration value) {
    if (value.toMillis() < 1) {
      throw new IllegalArgumentException("%s is %s; expected 1 ms or more".formatted(what, value));
    }
  }
}
