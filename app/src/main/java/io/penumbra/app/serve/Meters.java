package io.penumbra.app.serve;

import io.penumbra.placement.fleet.Fleet;
import io.penumbra.scheduler.loop.LoopView;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts for Prometheus, in its text format. So few that a registry would weigh more than what it
 * registers.
 */
final class Meters {

  /** Upper bounds in seconds: a scheduler waits for the answer, so the small ones matter. */
  private static final double[] BOUNDS = {0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 10};

  private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];
  private final LongAdder nanos = new LongAdder();
  private final LongAdder placed = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder busy = new LongAdder();

  Meters() {
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new LongAdder();
    }
  }

  /** What is read from the loop when somebody looks. */
  record Gauges(int hosts, int vms, int sagas, int incidents, LoopView.Counts counts) {
    static Gauges of(LoopView view, Fleet fleet) {
      return new Gauges(
          fleet.hostCount(),
          view.vmCount(),
          view.sagas().size(),
          view.incidents().size(),
          view.counts());
    }
  }

  /** A placement was answered. */
  void placed(long took, boolean found) {
    (found ? placed : refused).increment();
    nanos.add(took);
    int at = 0;
    while (at < BOUNDS.length && took > BOUNDS[at] * 1e9) {
      at++;
    }
    buckets[at].increment();
  }

  void busy() {
    busy.increment();
  }

  String text(Optional<Gauges> gauges) {
    StringBuilder text = new StringBuilder();
    counter(text, "penumbra_placements_placed_total", placed.sum());
    counter(text, "penumbra_placements_refused_total", refused.sum());
    counter(text, "penumbra_placements_busy_total", busy.sum());
    histogram(text);
    gauge(text, "penumbra_up", gauges.isPresent() ? 1 : 0);
    gauges.ifPresent(now -> {
      gauge(text, "penumbra_hosts", now.hosts());
      gauge(text, "penumbra_vms", now.vms());
      gauge(text, "penumbra_failovers_under_way", now.sagas());
      gauge(text, "penumbra_incidents", now.incidents());
      counter(text, "penumbra_failovers_total", now.counts().failovers());
      counter(text, "penumbra_failovers_called_off_total", now.counts().calledOff());
      counter(text, "penumbra_stale_claims_total", now.counts().staleClaims());
      counter(text, "penumbra_alerts_total", now.counts().alerts());
      counter(text, "penumbra_commands_total", now.counts().commands());
      counter(text, "penumbra_events_total", now.counts().events());
    });
    return text.toString();
  }

  private void histogram(StringBuilder text) {
    String name = "penumbra_placement_seconds";
    text.append("# TYPE ").append(name).append(" histogram\n");
    long sum = 0;
    for (int i = 0; i < BOUNDS.length; i++) {
      sum += buckets[i].sum();
      text.append(String.format(Locale.ROOT, "%s_bucket{le=\"%s\"} %d%n", name, BOUNDS[i], sum));
    }
    sum += buckets[BOUNDS.length].sum();
    text.append(String.format(Locale.ROOT, "%s_bucket{le=\"+Inf\"} %d%n", name, sum));
    text.append(String.format(Locale.ROOT, "%s_sum %.6f%n", name, nanos.sum() / 1e9));
    text.append(String.format(Locale.ROOT, "%s_count %d%n", name, sum));
  }

  private static void counter(StringBuilder text, String name, long value) {
    text.append("# TYPE %s counter%n%s %d%n".formatted(name, name, value));
  }

  private static void gauge(StringBuilder text, String name, long value) {
    text.append("# TYPE %s gauge%n%s %d%n".formatted(name, name, value));
  }
}
