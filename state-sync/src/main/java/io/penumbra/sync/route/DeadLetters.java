package io.penumbra.sync.route;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The latest dead letters, and how many there were. Safe for use by several threads. */
public final class DeadLetters {

  private static final int KEPT_MAX = 100;

  private final Deque<DeadLetter> latest = new ArrayDeque<>();
  private long count;

  synchronized void add(DeadLetter letter) {
    count++;
    latest.add(letter);
    if (latest.size() > KEPT_MAX) {
      latest.remove();
    }
  }

  /** How many there were since the start. */
  public synchronized long count() {
    return count;
  }

  /** The latest, oldest first. */
  public synchronized List<DeadLetter> latest() {
    return List.copyOf(latest);
  }
}
