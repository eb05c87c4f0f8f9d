package io.penumbra.tiers.pack;

import java.util.Locale;
import java.util.Optional;

/** A pack's name, {@code w-0000002a}: temper and number. */
record PackName(Temper temper, int number) {

  static Optional<PackName> parse(String text) {
    if (!text.matches("[cw]-[0-9a-f]{8}")) {
      return Optional.empty();
    }
    Temper temper = text.charAt(0) == 'w' ? Temper.WARM : Temper.COLD;
    int number = Integer.parseUnsignedInt(text.substring(2), 16);
    return number > 0 ? Optional.of(new PackName(temper, number)) : Optional.empty();
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s-%08x", temper.letter(), number);
  }
}
