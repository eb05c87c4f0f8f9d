package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.Heartbeat.NumberedEvent;
import io.penumbra.domain.event.Event;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Events that the controller has not acknowledged. Bounded: when it is full the oldest go, for the
 * controller reads the whole state anyway when it hears of an agent again.
 */
final class EventOutbox {

  private static final int KEPT = 4_096;
  private static final int PER_HEARTBEAT = 256;

  private final ArrayDeque<NumberedEvent> waiting = new ArrayDeque<>();
  private final Runnable wake;
  private long last;

  /**
   * An empty one.
   *
   * @param wake called when something has come, to send it at once
   */
  EventOutbox(Runnable wake) {
    this.wake = wake;
  }

  void add(Event event) {
    synchronized (this) {
      waiting.addLast(new NumberedEvent(++last, event));
      if (waiting.size() > KEPT) {
        waiting.removeFirst();
      }
    }
    wake.run();
  }

  synchronized List<NumberedEvent> unacknowledged() {
    List<NumberedEvent> some = new ArrayList<>();
    for (NumberedEvent event : waiting) {
      if (some.size() == PER_HEARTBEAT) {
        break;
      }
      some.add(event);
    }
    return some;
  }

  synchronized void acknowledged(long upTo) {
    while (!waiting.isEmpty() && waiting.getFirst().number() <= upTo) {
      waiting.removeFirst();
    }
  }

  synchronized boolean isEmpty() {
    return waiting.isEmpty();
  }
}
