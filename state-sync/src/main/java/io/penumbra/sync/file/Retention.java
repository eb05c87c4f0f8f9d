package io.penumbra.sync.file;

/**
 * How many epochs a directory keeps to go back to. The newest is always kept.
 *
 * @param epochsMax at most so many
 * @param bytesMax as long as what they replaced takes no more than this
 */
public record Retention(int epochsMax, long bytesMax) {

  public static final Retention DEFAULT = new Retention(1000, 16L << 30);

  public Retention {
    if (epochsMax < 1 || bytesMax < 0) {
      throw new IllegalArgumentException(
          "retention of %d epochs, %d bytes; expected 1 or more, 0 or more"
              .formatted(epochsMax, bytesMax));
    }
  }
}
