package io.penumbra.adapter.openstack;

import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.port.Cloud.Page;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The newest events, numbered. When it is full the oldest are forgotten; whoever comes for them
 * later finds in the next snapshot what they said.
 */
final class EventFeed {

  private static final int KEPT_MAX = 65_536;

  private final ArrayDeque<Event> kept = new ArrayDeque<>();
  private final Runnable wake;
  private long end;

  EventFeed(Runnable wake) {
    this.wake = wake;
  }

  void add(Event event) {
    synchronized (this) {
      if (kept.size() == KEPT_MAX) {
        kept.removeFirst();
      }
      kept.addLast(event);
      end++;
    }
    wake.run();
  }

  synchronized long end() {
    return end;
  }

  synchronized Page after(long cursor, int max) {
    long first = end - kept.size();
    long from = Math.max(cursor, first);
    List<Event> page = new ArrayList<>();
    kept.stream().skip(from - first).limit(max).forEach(page::add);
    return new Page(page, Math.max(cursor, from + page.size()));
  }
}
