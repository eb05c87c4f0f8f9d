package io.penumbra.simulator.report;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Maps values to 0..1 along one side of a chart, and says where the ticks are.
 *
 * @param logarithmic values at or below {@code from} stand at 0
 */
record Axis(double from, double to, boolean logarithmic, List<Tick> ticks) {

  private static final double[] TIMES = {
    1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 86_400, 10 * 86_400, 100 * 86_400
  };

  /**
   * One labelled place.
   *
   * @param minor the label is left out where there is little room
   */
  record Tick(double value, String label, boolean minor) {
    Tick(double value, String label) {
      this(value, label, false);
    }
  }

  Axis {
    ticks = List.copyOf(ticks);
  }

  /** Where a value stands, 0 to 1; values outside stand at the end. */
  double at(double value) {
    double share =
        logarithmic
            ? Math.log(Math.max(value, from) / from) / Math.log(to / from)
            : (value - from) / (to - from);
    return Math.clamp(share, 0, 1);
  }

  /** A logarithmic axis over whole decades that holds both values. */
  static Axis decades(double least, double most) {
    int low = (int) Math.floor(Math.log10(Math.max(least, 1e-6)));
    int high = Math.max(low + 1, (int) Math.ceil(Math.log10(Math.max(most, 1e-6))));
    List<Tick> ticks = new ArrayList<>();
    for (int decade = low; decade <= high; decade++) {
      double value = Math.pow(10, decade);
      ticks.add(
          new Tick(
              value,
              decade >= 0
                  ? String.format(Locale.ROOT, "%,.0f", value)
                  : String.format(Locale.ROOT, "%." + -decade + "f", value)));
    }
    return new Axis(Math.pow(10, low), Math.pow(10, high), true, ticks);
  }

  /** A logarithmic axis of seconds, ticked where people think: a second, a minute, an hour. */
  static Axis times(double least, double most) {
    int low = 0;
    while (low + 2 < TIMES.length && TIMES[low + 1] <= least) {
      low++;
    }
    int high = low + 1;
    while (high + 1 < TIMES.length && TIMES[high] < most) {
      high++;
    }
    List<Tick> ticks = new ArrayList<>();
    for (int i = low; i <= high; i++) {
      String label = Figures.seconds(TIMES[i]).replace(".00", "").replace(".0", "");
      ticks.add(new Tick(TIMES[i], label, label.startsWith("10 ")));
    }
    return new Axis(TIMES[low], TIMES[high], true, ticks);
  }

  /** From 0 to a round number, with about {@code wanted} ticks. */
  static Axis linear(double most, int wanted) {
    double raw = Math.max(most, 1e-9) / wanted;
    double decade = Math.pow(10, Math.floor(Math.log10(raw)));
    double step = decade * (raw <= decade ? 1 : raw <= 2 * decade ? 2 : raw <= 5 * decade ? 5 : 10);
    int steps = (int) Math.max(1, Math.ceil(most / step - 1e-9));
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i <= steps; i++) {
      double value = i * step;
      ticks.add(new Tick(value, trimmed(value)));
    }
    return new Axis(0, steps * step, false, ticks);
  }

  /** Simulated time, ticked in hours up to two days, else in days. */
  static Axis span(Duration length) {
    double seconds = Figures.toSeconds(length);
    double unit = inHours(length) ? 3600 : 86_400;
    Axis round = linear(seconds / unit, 7);
    List<Tick> ticks =
        round.ticks().stream()
            .filter(tick -> tick.value() * unit <= seconds * 1.000_001)
            .map(tick -> new Tick(tick.value() * unit, tick.label()))
            .toList();
    return new Axis(0, seconds, false, ticks);
  }

  static boolean inHours(Duration length) {
    return length.compareTo(Duration.ofDays(2)) <= 0;
  }

  private static String trimmed(double value) {
    return Math.rint(value) == value
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.3f", value).replaceAll("0+$", "");
  }
}
