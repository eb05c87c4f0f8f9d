package io.penumbra.scheduler.port;

import io.penumbra.domain.event.Event;

/** Where ports put what they have to tell the control loop. Safe to call from any thread. */
@FunctionalInterface
public interface EventSink {

  /**
   * Takes one event. False when the inbox is full: the caller keeps the event and offers it again.
   */
  boolean offer(Event event);
}
