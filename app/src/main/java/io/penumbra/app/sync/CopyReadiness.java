package io.penumbra.app.sync;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.path.DispatchState;
import io.penumbra.sync.path.link.MultiPathLink;
import io.penumbra.sync.readiness.NetworkForecast;
import io.penumbra.sync.readiness.Readiness;
import io.penumbra.sync.readiness.ReadinessAssessment;
import io.penumbra.sync.readiness.ReadinessWatch;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** How ready a copy is to take over, told with every epoch and shown as metrics. */
final class CopyReadiness {

  /** A move that stops the writers for longer is not offered. */
  private static final Duration PAUSE_MAX = Duration.ofSeconds(1);

  private static final double NANOS = 1e9;

  private final Duration epoch;
  private final ReadinessWatch watch;
  private volatile Optional<MultiPathLink> link = Optional.empty();

  /**
   * Of a copy that gets an epoch every so often: two of them is what may be lost.
   *
   * @param epoch from cut to cut
   */
  CopyReadiness(StateLayout layout, Duration epoch, MeterRegistry registry) {
    this.epoch = epoch;
    watch =
        new ReadinessWatch(
            layout.pages(),
            new ReadinessAssessment(epoch.multipliedBy(2), PAUSE_MAX, Duration.ZERO),
            this::forecast);
    gauge(registry, "penumbra.readiness", "0: must not take over, 1: as good", Readiness::score);
    gauge(
        registry,
        "penumbra.readiness.loss.seconds",
        "What a failover now would lose",
        now -> seconds(now.ifPrimaryDies().map(Readiness.Loss::time)));
    gauge(
        registry,
        "penumbra.readiness.move.pause.seconds",
        "How long a planned move would pause, losing nothing; NaN while it is not offered",
        now -> seconds(now.planned().map(Readiness.PlannedMigration::pause)));
  }

  ReadinessWatch watch() {
    return watch;
  }

  /** The paths are open. Without, as over a broker, nothing is foreseen of the way. */
  void over(MultiPathLink opened) {
    link = Optional.of(opened);
  }

  private NetworkForecast forecast() {
    return link.map(open ->
            NetworkForecast.of(
                open.state().sending().paths().stream()
                    .filter(DispatchState.PathState::usable)
                    .map(DispatchState.PathState::forecast)
                    .toList(),
                epoch))
        .orElseGet(() -> new NetworkForecast(Double.POSITIVE_INFINITY, 1, Duration.ZERO));
  }

  /** For the line of an epoch. */
  String told() {
    Readiness now = watch.at(Instant.now());
    return String.format(Locale.ROOT, "; readiness %.2f", now.score())
        + now.planned()
            .map(move -> ", a move now pauses " + Amounts.time(move.pause()) + " and loses nothing")
            .orElse("")
        + because(now.reasons());
  }

  private static String because(List<String> reasons) {
    return reasons.isEmpty() ? "" : " (" + String.join("; ", reasons) + ")";
  }

  private void gauge(
      MeterRegistry registry, String name, String text, ToDoubleFunction<Readiness> value) {
    Gauge.builder(name, watch, of -> value.applyAsDouble(of.at(Instant.now())))
        .description(text)
        .strongReference(true)
        .register(registry);
  }

  private static double seconds(Optional<Duration> time) {
    return time.map(known -> known.toNanos() / NANOS).orElse(Double.NaN);
  }
}
