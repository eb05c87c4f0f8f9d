package io.penumbra.sync.scan;

/**
 * How cuts are taken.
 *
 * @param passesMax how often at most a state that won't stand still is looked at; 2 is the least
 *     that can find it stable
 * @param parallel whether all cores are used; one at a time leaves more to the guests
 */
public record CutSettings(int passesMax, boolean parallel) {

  public static final CutSettings DEFAULT = new CutSettings(3, true);

  public CutSettings {
    if (passesMax < 1 || passesMax > 100) {
      throw new IllegalArgumentException("passesMax is %d; expected 1 to 100".formatted(passesMax));
    }
  }
}
