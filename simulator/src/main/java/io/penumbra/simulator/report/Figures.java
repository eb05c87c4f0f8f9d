package io.penumbra.simulator.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;

/** How numbers are written, the same in the terminal and on the page. */
final class Figures {

  private static final double MINUTE = 60;
  private static final double HOUR = 60 * MINUTE;
  private static final double DAY = 24 * HOUR;

  private Figures() {}

  /** A share as a percentage, rounded down: 99.99999 % must not read as 100. */
  static String availability(double share) {
    return BigDecimal.valueOf(share * 100).setScale(5, RoundingMode.FLOOR).toPlainString();
  }

  /** Three significant digits where that makes sense, thousands separated. */
  static String number(double value) {
    if (value == 0) {
      return "0";
    }
    int decimals = value < 0.1 ? 3 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }

  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** {@code 210 ms}, {@code 4.2 s}, {@code 3.1 min}, {@code 5.2 h}, {@code 2.1 d}. */
  static String seconds(double seconds) {
    if (seconds == 0) {
      return "0 s";
    } else if (seconds < 0.9995) {
      return number(seconds * 1000) + " ms";
    } else if (seconds < MINUTE) {
      return number(seconds) + " s";
    } else if (seconds < HOUR) {
      return number(seconds / MINUTE) + " min";
    } else if (seconds < DAY) {
      return number(seconds / HOUR) + " h";
    }
    return number(seconds / DAY) + " d";
  }

  static String duration(Duration duration) {
    return seconds(toSeconds(duration));
  }

  /** Simulated time in words: {@code 14 days}, {@code 90.0 min}. */
  static String span(Duration duration) {
    return duration.equals(Duration.ofDays(duration.toDays()))
        ? counted(duration.toDays(), "day", "days")
        : duration(duration);
  }

  static double toSeconds(Duration duration) {
    return duration.getSeconds() + duration.getNano() / 1e9;
  }

  static String percent(double share) {
    return number(share * 100);
  }

  /** {@code 1 host}, {@code 2 hosts}. */
  static String counted(long value, String one, String many) {
    return count(value) + " " + (value == 1 ? one : many);
  }
}
