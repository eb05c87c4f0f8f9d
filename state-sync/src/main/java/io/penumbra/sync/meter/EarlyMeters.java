package io.penumbra.sync.meter;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.sync.engine.WentAhead;

/** What was sent ahead of cuts: pages, those that held, bytes; and whether it goes on. */
final class EarlyMeters {

  private final Counter pages;
  private final Counter held;
  private final Counter bytes;
  private volatile int on;

  EarlyMeters(MeterRegistry registry) {
    pages = counter(registry, "penumbra.early.pages", "Pages sent ahead of the cut");
    held = counter(registry, "penumbra.early.held", "Pages sent ahead that were so at the cut");
    bytes = counter(registry, "penumbra.early.bytes", "Bytes sent ahead of the cut");
    Gauge.builder("penumbra.early.on", this, meters -> meters.on)
        .description("1: the state is looked at between cuts")
        .register(registry);
  }

  private static Counter counter(MeterRegistry registry, String name, String text) {
    return Counter.builder(name).description(text).register(registry);
  }

  void count(WentAhead ahead) {
    on = ahead.on() ? 1 : 0;
    pages.increment(ahead.pages());
    held.increment(ahead.held());
    bytes.increment((double) ahead.bytes());
  }
}
