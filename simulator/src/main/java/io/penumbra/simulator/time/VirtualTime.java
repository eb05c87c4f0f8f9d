package io.penumbra.simulator.time;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;

/**
 * A clock that stands still until the next thing happens. Actions run in order of time; actions of
 * the same time run in the order in which they were scheduled. A binary heap on three arrays: a run
 * of a month schedules some millions of actions, and an entry object for each would be most of its
 * garbage.
 */
public final class VirtualTime implements InstantSource {

  private final Instant start;
  private long[] times = new long[1024];
  private long[] sequences = new long[1024];
  private Runnable[] actions = new Runnable[1024];
  private int size;
  private long sequence;
  private long now;
  private long done;
  private Instant instant;

  /** A clock that shows {@code start}. */
  public VirtualTime(Instant start) {
    this.start = start;
    this.instant = start;
  }

  public Instant start() {
    return start;
  }

  @Override
  public Instant instant() {
    return instant;
  }

  /** Nanoseconds since the start of the run. */
  public long nanos() {
    return now;
  }

  /** How many actions have run. */
  public long actionsDone() {
    return done;
  }

  /** The nanoseconds since start of an instant. */
  public long nanosOf(Instant at) {
    return Duration.between(start, at).toNanos();
  }

  /** The instant of nanoseconds since start. */
  public Instant instantOf(long nanos) {
    return start.plusNanos(nanos);
  }

  /** Schedules an action; a time that has passed means now. */
  public void at(long nanos, Runnable action) {
    if (size == times.length) {
      grow();
    }
    int slot = size++;
    long time = Math.max(nanos, now);
    long order = sequence++;
    while (slot > 0) {
      int parent = (slot - 1) >>> 1;
      if (times[parent] <= time) {
        break;
      }
      move(parent, slot);
      slot = parent;
    }
    put(slot, time, order, action);
  }

  public void at(Instant time, Runnable action) {
    at(nanosOf(time), action);
  }

  public void after(Duration delay, Runnable action) {
    at(now + delay.toNanos(), action);
  }

  /** Schedules an action some nanoseconds from now. */
  public void afterNanos(long delay, Runnable action) {
    at(now + delay, action);
  }

  public boolean isEmpty() {
    return size == 0;
  }

  /** When the next action runs, in nanoseconds since start; the end of time when there is none. */
  public long nextNanos() {
    return size == 0 ? Long.MAX_VALUE : times[0];
  }

  /**
   * Runs the next action, if there is one at or before {@code until}; else the clock goes there.
   */
  public boolean runNext(long until) {
    if (size == 0 || times[0] > until) {
      advance(Math.max(now, until));
      return false;
    }
    Runnable action = actions[0];
    advance(times[0]);
    removeFirst();
    done++;
    action.run();
    return true;
  }

  private void advance(long to) {
    if (to != now) {
      now = to;
      instant = start.plusNanos(to);
    }
  }

  private void removeFirst() {
    int last = --size;
    long time = times[last];
    long order = sequences[last];
    Runnable action = actions[last];
    actions[last] = VirtualTime::nothing;
    if (last == 0) {
      return;
    }
    int slot = 0;
    while (true) {
      int child = 2 * slot + 1;
      if (child >= last) {
        break;
      }
      if (child + 1 < last && before(child + 1, times[child], sequences[child])) {
        child++;
      }
      if (!before(child, time, order)) {
        break;
      }
      move(child, slot);
      slot = child;
    }
    put(slot, time, order, action);
  }

  private boolean before(int slot, long time, long order) {
    return times[slot] < time || (times[slot] == time && sequences[slot] < order);
  }

  private void move(int from, int to) {
    times[to] = times[from];
    sequences[to] = sequences[from];
    actions[to] = actions[from];
  }

  private void put(int slot, long time, long order, Runnable action) {
    times[slot] = time;
    sequences[slot] = order;
    actions[slot] = action;
  }

  private void grow() {
    times = Arrays.copyOf(times, size * 2);
    sequences = Arrays.copyOf(sequences, size * 2);
    actions = Arrays.copyOf(actions, size * 2);
  }

  private static void nothing() {}
}
