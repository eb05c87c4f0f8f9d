package io.penumbra.sync.path;

/**
 * Which way to the other host; both ends number the ways alike.
 *
 * @param number 0 to 15
 */
public record PathId(int number) implements Comparable<PathId> {

  /** As many paths as a link may have. */
  public static final int PATHS_MAX = 16;

  public PathId {
    if (number < 0 || number >= PATHS_MAX) {
      throw new IllegalArgumentException(
          "paths have numbers from 0 to %d, not %d".formatted(PATHS_MAX - 1, number));
    }
  }

  @Override
  public int compareTo(PathId other) {
    return Integer.compare(number, other.number);
  }

  @Override
  public String toString() {
    return "path " + number;
  }
}
