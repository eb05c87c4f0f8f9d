package io.penumbra.adapter.qemu.cloud;

import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.EventSink;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * What has happened, by number. The newest {@value #KEPT} are kept; whoever asks for older ones
 * gets those that are left, and finds out by reading a snapshot what it has missed.
 */
public final class EventFeed implements EventSink {

  static final int KEPT = 65_536;

  private final ArrayDeque<Event> events = new ArrayDeque<>();
  private final Runnable wake;
  private long end;

  /**
   * An empty feed.
   *
   * @param wake called whenever something has come
   */
  public EventFeed(Runnable wake) {
    this.wake = wake;
  }

  @Override
  public boolean offer(Event event) {
    synchronized (this) {
      events.addLast(event);
      end++;
      if (events.size() > KEPT) {
        events.removeFirst();
      }
    }
    wake.run();
    return true;
  }

  /** The cursor behind the newest event. */
  public synchronized long end() {
    return end;
  }

  synchronized Cloud.Page after(long cursor, int max) {
    long first = end - events.size();
    long from = Math.max(cursor, first);
    List<Event> page = new ArrayList<>();
    Iterator<Event> all = events.iterator();
    for (long at = first; at < end && page.size() < max; at++) {
      Event event = all.next();
      if (at >= from) {
        page.add(event);
      }
    }
    return new Cloud.Page(page, Math.min(end, from) + page.size());
  }
}
