package io.penumbra.sync.path.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * How a path behaved over time. It begins anew when it has come to its end.
 *
 * @param name for tables
 * @param stepNanos length of each step
 * @param steps what it was like, step by step
 */
public record PathTrace(String name, long stepNanos, List<Step> steps) {

  private static final String HEADER = "bytes_per_second,delay_micros,up";

  public PathTrace {
    if (stepNanos < 1 || steps.isEmpty()) {
      throw new IllegalArgumentException("a trace without steps: " + name);
    }
    steps = List.copyOf(steps);
  }

  /** What it is like at a time. */
  public Step at(long nanos) {
    return steps.get((int) (nanos / stepNanos % steps.size()));
  }

  /** When what holds at a time may change next. */
  public long changesAfter(long nanos) {
    return (nanos / stepNanos + 1) * stepNanos;
  }

  /** The same path, out of order from one moment until another. */
  public PathTrace cut(long fromNanos, long untilNanos) {
    List<Step> changed = new ArrayList<>(steps);
    for (int i = 0; i < changed.size(); i++) {
      long at = i * stepNanos;
      if (at >= fromNanos && at < untilNanos) {
        Step step = changed.get(i);
        changed.set(i, new Step(step.bytesPerSecond(), step.delayNanos(), false));
      }
    }
    return new PathTrace(name + " cut", stepNanos, changed);
  }

  /** A path that is always the same. */
  public static PathTrace steady(String name, double bytesPerSecond, long delayNanos) {
    return new PathTrace(name, 1_000_000_000, List.of(new Step(bytesPerSecond, delayNanos, true)));
  }

  /**
   * A path whose bandwidth wanders, falls to a quarter now and then because others use it, and that
   * breaks down at times.
   *
   * @param outagesPerMinute how often it breaks down, for half a second to two
   */
  public static PathTrace wandering(
      String name,
      double bytesPerSecond,
      long delayNanos,
      double outagesPerMinute,
      int seconds,
      RandomGenerator random) {
    long step = 20_000_000;
    int perSecond = (int) (1_000_000_000 / step);
    List<Step> steps = new ArrayList<>();
    double level = 0;
    int crowded = 0;
    int broken = 0;
    for (int i = 0; i < seconds * perSecond; i++) {
      level = 0.98 * level + 0.06 * random.nextGaussian();
      crowded = crowded > 0 ? crowded - 1 : chance(random, 6.0 / 60 / perSecond, perSecond);
      broken =
          broken > 0 ? broken - 1 : chance(random, outagesPerMinute / 60 / perSecond, perSecond);
      double rate = bytesPerSecond * Math.exp(level) * (crowded > 0 ? 0.25 : 1);
      long delay = (long) (delayNanos * (crowded > 0 ? 2 : 1) * (1 + 0.1 * random.nextDouble()));
      steps.add(new Step(rate, delay, broken == 0));
    }
    return new PathTrace(name, step, steps);
  }

  private static int chance(RandomGenerator random, double probability, int perSecond) {
    return random.nextDouble() < probability
        ? perSecond / 2 + random.nextInt(perSecond * 3 / 2)
        : 0;
  }

  /**
   * Reads lines: the first names the columns, the second has the step in milliseconds after a hash.
   *
   * @param lines as {@link #lines} writes them
   */
  public static PathTrace parse(String name, List<String> lines) {
    if (lines.size() < 3
        || !lines.get(0).equals(HEADER)
        || !lines.get(1).startsWith("# step_ms ")) {
      throw new IllegalArgumentException(
          "%s: expected the lines '%s' and '# step_ms N', then one line a step"
              .formatted(name, HEADER));
    }
    long step = Long.parseLong(lines.get(1).substring("# step_ms ".length())) * 1_000_000;
    List<Step> steps = new ArrayList<>();
    for (int i = 2; i < lines.size(); i++) {
      String[] fields = lines.get(i).split(",", -1);
      if (fields.length != 3) {
        throw new IllegalArgumentException(
            "%s, line %d: %d fields, expected 3 (%s)"
                .formatted(name, i + 1, fields.length, HEADER));
      }
      steps.add(
          new Step(
              Double.parseDouble(fields[0]),
              Long.parseLong(fields[1]) * 1000,
              fields[2].equals("1")));
    }
    return new PathTrace(name, step, steps);
  }

  /** The trace as lines of a file. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(HEADER);
    lines.add("# step_ms " + stepNanos / 1_000_000);
    for (Step step : steps) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%.0f,%d,%d",
              step.bytesPerSecond(),
              step.delayNanos() / 1000,
              step.up() ? 1 : 0));
    }
    return lines;
  }

  /**
   * One step.
   *
   * @param delayNanos one way
   * @param up whether anything gets through
   */
  public record Step(double bytesPerSecond, long delayNanos, boolean up) {

    public Step {
      if (!(bytesPerSecond > 0) || delayNanos < 0) {
        throw new IllegalArgumentException(
            "no path has %s B/s and %d ns".formatted(bytesPerSecond, delayNanos));
      }
    }
  }
}
