package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.port.EventSink;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The bounded queue in front of the control loop. Any thread may offer; one thread drains.
 *
 * <p>When it is full, {@link #offer} answers false and keeps nothing: the caller still has the
 * event. A risk report replaces an undrained one for the same host instead of queueing behind it,
 * and is therefore taken even when the inbox is full, as long as one for that host waits.
 */
public final class Inbox implements EventSink {

  private final int max;
  private final Object lock = new Object();
  private List<Event> waiting = new ArrayList<>();
  // Where the undrained risk report of a host stands; looked up only, never iterated.
  private final Map<HostId, Integer> riskAt = new LinkedHashMap<>();
  private long refused;

  public Inbox(int max) {
    if (max < 1) {
      throw new IllegalArgumentException("inbox bound is %d; expected 1 or more".formatted(max));
    }
    this.max = max;
  }

  @Override
  public boolean offer(Event event) {
    synchronized (lock) {
      if (event instanceof Event.HostRiskReported risk && replaces(risk)) {
        return true;
      }
      if (waiting.size() >= max) {
        refused++;
        return false;
      }
      if (event instanceof Event.HostRiskReported risk) {
        riskAt.put(risk.host(), waiting.size());
      }
      waiting.add(event);
      return true;
    }
  }

  private boolean replaces(Event.HostRiskReported risk) {
    Integer at = riskAt.get(risk.host());
    if (at == null) {
      return false;
    }
    waiting.set(at, risk);
    return true;
  }

  /** Everything that waits, oldest first; the inbox is empty afterwards. */
  public List<Event> drain() {
    synchronized (lock) {
      if (waiting.isEmpty()) {
        return List.of();
      }
      List<Event> drained = waiting;
      waiting = new ArrayList<>();
      riskAt.clear();
      return drained;
    }
  }

  public int size() {
    synchronized (lock) {
      return waiting.size();
    }
  }

  /** How many events were turned away because the inbox was full. */
  public long refused() {
    synchronized (lock) {
      return refused;
    }
  }
}
