package io.penumbra.adapter.qemu.qmp;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Events of one name from the moment it was made. Open it before the command that causes them. When
 * it is full, the oldest event goes.
 */
public final class EventWatch implements AutoCloseable {

  private static final int EVENTS_MAX = 256;

  private final String name;
  private final Consumer<EventWatch> onClose;
  private final Deque<QmpEvent> events = new ArrayDeque<>();
  private boolean ended;

  EventWatch(String name, Consumer<EventWatch> onClose) {
    this.name = name;
    this.onClose = onClose;
  }

  synchronized void offer(QmpEvent event) {
    if (event.name().equals(name)) {
      if (events.size() == EVENTS_MAX) {
        events.removeFirst();
      }
      events.addLast(event);
      notifyAll();
    }
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Waits for an event; empty if none came in time or the connection broke. */
  public synchronized Optional<QmpEvent> await(Predicate<QmpEvent> wanted, Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    try {
      while (true) {
        while (!events.isEmpty()) {
          QmpEvent event = events.removeFirst();
          if (wanted.test(event)) {
            return Optional.of(event);
          }
        }
        long left = until - System.nanoTime();
        if (ended || left <= 0) {
          return Optional.empty();
        }
        wait(left / 1_000_000, (int) (left % 1_000_000));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    onClose.accept(this);
  }
}
