package io.penumbra.app;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Finds the names that somebody may have meant. */
public final class ClosestNames {

  private static final int NAMES_MAX = 3;

  private ClosestNames() {}

  /** Up to three names within reach of a few typing errors, the closest first. */
  public static List<String> to(String typed, List<String> names) {
    int reach = Math.max(2, typed.length() / 3);
    return names.stream()
        .filter(name -> Math.abs(name.length() - typed.length()) <= reach)
        .map(name -> new Guess(name, distance(typed, name)))
        .filter(guess -> guess.distance() <= reach)
        .sorted(Comparator.comparingInt(Guess::distance).thenComparing(Guess::name))
        .limit(NAMES_MAX)
        .map(Guess::name)
        .toList();
  }

  private record Guess(String name, int distance) {}

  /** Edit distance (Levenshtein 1966). */
  static int distance(String one, String other) {
    int[] before = new int[other.length() + 1];
    Arrays.setAll(before, i -> i);
    for (int i = 1; i <= one.length(); i++) {
      int[] row = new int[other.length() + 1];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int replaced = before[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, Math.min(before[j], row[j - 1]) + 1);
      }
      before = row;
    }
    return before[other.length()];
  }
}
