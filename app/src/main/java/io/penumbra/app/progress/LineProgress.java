package io.penumbra.app.progress;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;

/** Plain lines for logs and pipes: the first after a while, then ever fewer. */
final class LineProgress implements Progress {

  private static final Duration FIRST = Duration.ofSeconds(5);

  private final String task;
  private final String unit;
  private final long most;
  private final InstantSource clock;
  private final PrintWriter out;
  private final Instant start;
  private Duration next = FIRST;

  LineProgress(String task, String unit, long most, InstantSource clock, PrintWriter out) {
    this.task = task;
    this.unit = unit;
    this.most = most;
    this.clock = clock;
    this.out = out;
    this.start = clock.instant();
  }

  @Override
  public void at(long done) {
    Duration passed = Duration.between(start, clock.instant());
    if (passed.compareTo(next) < 0 || done <= 0) {
      return;
    }
    next = passed.multipliedBy(2);
    double seconds = passed.toNanos() / 1e9;
    double rate = done / seconds;
    out.printf(
        Locale.ROOT,
        "%s: %,d of %,d %s, %.1f %s per second, about %.0f s left%n",
        task,
        done,
        most,
        unit,
        rate,
        unit,
        Math.max(0, most - done) / rate);
    out.flush();
  }

  @Override
  public void close() {
    // The task's result is its own last line.
  }
}
