package io.penumbra.scheduler.loop;

import io.penumbra.scheduler.lifecycle.TransitionObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/** Every transition that any test of this module has made. */
final class Visits {

  static final Set<String> ALL = new ConcurrentSkipListSet<>();

  static final TransitionObserver SEEN =
      (machine, subject, from, signal, to) -> ALL.add(key(machine, from, signal));

  private Visits() {}

  static String key(String machine, Enum<?> from, Enum<?> signal) {
    return "%s: %s on %s".formatted(machine, from, signal);
  }
}
