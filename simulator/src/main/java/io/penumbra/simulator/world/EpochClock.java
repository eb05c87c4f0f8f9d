package io.penumbra.simulator.world;

/**
 * Which epoch a primary has closed by now, worked out when somebody asks. Epochs close at a steady
 * interval while the guest runs; a month of a hundred thousand guests closes 10^13 of them.
 */
public final class EpochClock {

  private long base;
  private long baseAt;
  private long interval;
  private boolean running;
  private long stoppedAt;

  EpochClock(long base, long now, long interval) {
    this.base = base;
    this.baseAt = now;
    this.interval = interval;
  }

  /** The newest epoch closed at that time. */
  public long at(long now) {
    return running ? base + Math.max(0, now - baseAt) / interval : base;
  }

  /** When the newest epoch that was closed at that time was closed. */
  public long closedAt(long now) {
    return running ? baseAt + Math.max(0, now - baseAt) / interval * interval : baseAt;
  }

  public long interval() {
    return interval;
  }

  void start(long now) {
    if (!running) {
      running = true;
      baseAt = now;
    }
  }

  /** The guest stands still: no further epoch closes. */
  void stop(long now) {
    if (running) {
      fold(now);
      running = false;
      stoppedAt = now;
    }
  }

  /** Up to when the guest has run. */
  long ranUntil(long now) {
    return running ? now : stoppedAt;
  }

  /** Closes one more epoch with everything up to now in it, as a paused guest's last. */
  void closeLast(long now) {
    fold(now);
    base++;
    baseAt = ranUntil(now);
  }

  /** Goes on from a state that was taken over. */
  void continueFrom(long epoch, long now, long newInterval) {
    base = epoch;
    baseAt = now;
    stoppedAt = now;
    interval = newInterval;
    running = false;
  }

  void setInterval(long now, long changed) {
    fold(now);
    interval = changed;
  }

  private void fold(long now) {
    long newest = at(now);
    long closed = closedAt(now);
    base = newest;
    baseAt = closed;
  }
}
