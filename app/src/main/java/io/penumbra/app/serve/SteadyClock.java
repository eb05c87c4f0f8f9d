package io.penumbra.app.serve;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Time that neither stands still nor leaps when somebody sets the machine's clock: deadlines and
 * the silence of hosts are measured by it. It follows the clock that was set by going a quarter
 * faster or slower until it agrees, so that after an hour's step four hours are slightly off.
 */
final class SteadyClock implements InstantSource {

  private static final int PART = 4;
  private static final Duration STEP = Duration.ofSeconds(5);

  private final InstantSource wall;
  private final LongSupplier nanos;
  private final Consumer<Duration> stepped;
  private Instant said;
  private long saidAt;
  private boolean told;

  /**
   * Agrees with the wall clock now.
   *
   * @param nanos time that is never set, in nanoseconds
   * @param stepped told once by how much the wall clock was set forward, or back if negative
   */
  SteadyClock(InstantSource wall, LongSupplier nanos, Consumer<Duration> stepped) {
    this.wall = wall;
    this.nanos = nanos;
    this.stepped = stepped;
    said = wall.instant();
    saidAt = nanos.getAsLong();
  }

  static SteadyClock ofThisMachine(Consumer<Duration> stepped) {
    return new SteadyClock(InstantSource.system(), System::nanoTime, stepped);
  }

  @Override
  public Instant instant() {
    Duration step;
    Instant now;
    synchronized (this) {
      long at = nanos.getAsLong();
      Duration passed = Duration.ofNanos(Math.max(0, at - saidAt));
      Duration off = Duration.between(said.plus(passed), wall.instant());
      Duration most = passed.dividedBy(PART);
      Duration turn =
          off.abs().compareTo(most) <= 0 ? off : off.isNegative() ? most.negated() : most;
      said = said.plus(passed).plus(turn);
      saidAt = at;
      now = said;
      step = told || off.abs().compareTo(STEP) < 0 ? Duration.ZERO : off;
      told = off.abs().compareTo(STEP) >= 0;
    }
    if (!step.isZero()) {
      stepped.accept(step);
    }
    return now;
  }
}
