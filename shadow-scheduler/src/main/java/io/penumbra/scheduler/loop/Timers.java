package io.penumbra.scheduler.loop;

import java.time.Instant;
import java.util.Optional;
import java.util.PriorityQueue;

/** What is to be looked at later, earliest first; equal times in the order they were set. */
final class Timers {

  private final PriorityQueue<Timer> queue = new PriorityQueue<>();
  private long sequence;

  void at(Instant due, Wake wake) {
    queue.add(new Timer(due, sequence++, wake));
  }

  /** The next one that is due, taken out. */
  Optional<Wake> due(Instant now) {
    Timer first = queue.peek();
    if (first == null || first.due.isAfter(now)) {
      return Optional.empty();
    }
    queue.remove();
    return Optional.of(first.wake);
  }

  Optional<Instant> next() {
    return Optional.ofNullable(queue.peek()).map(Timer::due);
  }

  private record Timer(Instant due, long sequence, Wake wake) implements Comparable<Timer> {
    @Override
    public int compareTo(Timer other) {
      int order = due.compareTo(other.due);
      return order != 0 ? order : Long.compare(sequence, other.sequence);
    }
  }
}
