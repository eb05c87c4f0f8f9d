package io.penumbra.app.simulate;

import io.penumbra.domain.BadInputException;
import java.util.List;
import java.util.Locale;

/** Turns what a person wrote after {@code --policies} into names of policies. */
final class PolicyChoice {

  private PolicyChoice() {}

  /** The chosen policies in the order of {@code known}; the usual ones when nothing was chosen. */
  static List<String> of(List<String> wished, List<String> usual, List<String> known) {
    for (String wish : wished) {
      if (known.stream().noneMatch(name -> same(name, wish))) {
        throw new BadInputException(
            "--policies",
            "names '%s', which there is not; expected some of: %s"
                .formatted(wish, String.join(", ", known)),
            "");
      }
    }
    return wished.isEmpty()
        ? usual
        : known.stream()
            .filter(name -> wished.stream().anyMatch(wish -> same(name, wish)))
            .toList();
  }

  /** {@code warm+predictive} is {@code warm + predictive}: blanks and case are no difference. */
  private static boolean same(String name, String wish) {
    return key(name).equals(key(wish));
  }

  private static String key(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[\\s_-]", "");
  }
}
