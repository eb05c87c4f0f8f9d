package io.penumbra.sync.session;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The parts of a plan: those not yet said, and those said and not yet answered. */
final class PlanParts {

  private final Deque<Slice> waiting = new ArrayDeque<>();
  private final SortedMap<Integer, Said> unanswered = new TreeMap<>();
  private int next;

  boolean isDone() {
    return waiting.isEmpty() && unanswered.isEmpty();
  }

  /** Any pages, in any order. */
  void addPages(int[] pages, int atMost) {
    for (int from = 0; from < pages.length; from += atMost) {
      int to = Math.min(pages.length, from + atMost);
      waiting.add(new Slice(next++, Arrays.copyOfRange(pages, from, to), 0, to - from));
    }
  }

  /** All pages from one to before another. */
  void addRange(int first, int end, int atMost) {
    for (int from = first; from < end; from += atMost) {
      waiting.add(new Slice(next++, new int[0], from, Math.min(atMost, end - from)));
    }
  }

  /** The next part to say: one that has waited too long for its answer, else a new one. */
  Optional<Saying> next(Instant now, Duration retryAfter, int window) {
    for (Map.Entry<Integer, Said> entry : unanswered.entrySet()) {
      if (!now.isBefore(entry.getValue().at().plus(retryAfter))) {
        entry.setValue(new Said(entry.getValue().slice(), now));
        return Optional.of(new Saying(entry.getValue().slice(), false));
      }
    }
    if (waiting.isEmpty() || unanswered.size() >= window) {
      return Optional.empty();
    }
    Slice slice = waiting.remove();
    unanswered.put(slice.part(), new Said(slice, now));
    return Optional.of(new Saying(slice, true));
  }

  /** When the first answer is overdue. */
  Optional<Instant> overdueAt(Duration retryAfter) {
    return unanswered.values().stream()
        .map(said -> said.at().plus(retryAfter))
        .min(Instant::compareTo);
  }

  void answered(int part) {
    unanswered.remove(part);
  }

  void clear() {
    waiting.clear();
    unanswered.clear();
  }

  /**
   * Part of a plan.
   *
   * @param listed the pages; empty if it is {@code count} pages from {@code first} on
   */
  // Made here, read by the session alone.
  @SuppressWarnings("ArrayRecordComponent")
  record Slice(int part, int[] listed, int first, int count) {

    int[] pages() {
      if (listed.length > 0) {
        return listed;
      }
      int[] range = new int[count];
      Arrays.setAll(range, i -> first + i);
      return range;
    }
  }

  /**
   * A part to be said.
   *
   * @param first whether it was not said before
   */
  record Saying(Slice slice, boolean first) {}

  private record Said(Slice slice, Instant at) {}
}
