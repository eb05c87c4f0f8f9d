package io.penumbra.sync.meter;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.sync.path.DispatchState;
import io.penumbra.sync.path.DispatchState.PathState;
import io.penumbra.sync.path.Reassembly;
import io.penumbra.sync.path.link.MultiPathLink;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** The meters of a link, read from it when somebody looks: of the whole and of each path. */
public final class LinkMeters {

  private static final double NANOS = 1e9;

  private final MeterRegistry registry;
  private final MultiPathLink link;

  private LinkMeters(MeterRegistry registry, MultiPathLink link) {
    this.registry = registry;
    this.link = link;
  }

  /**
   * Registers them.
   *
   * @param paths how many have meters of their own, from the first on
   */
  public static void register(MultiPathLink link, int paths, MeterRegistry registry) {
    LinkMeters meters = new LinkMeters(registry, link);
    meters.sending();
    meters.receiving();
    for (int path = 0; path < paths; path++) {
      meters.path(path);
    }
  }

  private void sending() {
    sent("penumbra.shards", "Shards written to paths", DispatchState::shardsSent);
    sent("penumbra.shards.bytes", "Bytes of shards written", DispatchState::bytesSent);
    sent("penumbra.shards.resent", "Shards sent once more", DispatchState::shardsResent);
    sent("penumbra.shards.moved", "Shards given to another path", DispatchState::shardsMoved);
  }

  private void receiving() {
    FunctionTimer.builder(
            "penumbra.stage",
            link,
            of -> of.state().receiving().joined(),
            of -> (double) of.state().receiving().joinNanos(),
            TimeUnit.NANOSECONDS)
        .description("How often a stage was passed, and how long it took")
        .tag("stage", Stage.JOIN.tag())
        .register(registry);
    counter("penumbra.stage.bytes", "Bytes that came out of a stage", Reassembly.Counts::bytes);
    got("penumbra.shards.rebuilt", "Shards computed from parity", Reassembly.Counts::rebuilt);
    got("penumbra.shards.duplicate", "Shards that were there", Reassembly.Counts::duplicates);
    got("penumbra.shards.refused", "Shards without room", Reassembly.Counts::refused);
  }

  private void counter(String name, String text, ToDoubleFunction<Reassembly.Counts> value) {
    FunctionCounter.builder(name, link, of -> value.applyAsDouble(of.state().receiving()))
        .description(text)
        .tag("stage", Stage.JOIN.tag())
        .register(registry);
  }

  private void got(String name, String text, ToDoubleFunction<Reassembly.Counts> value) {
    FunctionCounter.builder(name, link, of -> value.applyAsDouble(of.state().receiving()))
        .description(text)
        .register(registry);
  }

  private void sent(String name, String text, ToDoubleFunction<DispatchState> value) {
    FunctionCounter.builder(name, link, of -> value.applyAsDouble(of.state().sending()))
        .description(text)
        .register(registry);
  }

  private void path(int number) {
    counted(number, "penumbra.path.shards", "Shards sent over a path", PathState::shardsSent);
    counted(number, "penumbra.path.bytes", "Bytes sent over a path", PathState::bytesSent);
    shown(number, "penumbra.path.usable", "1: acks come", path -> path.usable() ? 1 : 0);
    shown(number, "penumbra.path.queued.bytes", "Waiting for room", PathState::bytesQueued);
    shown(number, "penumbra.path.flying.bytes", "Sent, not acked", PathState::bytesInFlight);
    shown(
        number,
        "penumbra.path.delay.seconds",
        "Forecast of the delay",
        path -> path.forecast().delayNanos() / NANOS);
    shown(
        number,
        "penumbra.path.bytes.per.second",
        "Forecast of the bandwidth",
        path -> path.forecast().bytesPerSecond());
    shown(
        number,
        "penumbra.path.loss.share",
        "Forecast of the loss",
        path -> path.forecast().lossShare());
  }

  private void counted(int path, String name, String text, ToDoubleFunction<PathState> value) {
    FunctionCounter.builder(name, link, of -> value.applyAsDouble(at(of, path)))
        .description(text)
        .tag("path", Integer.toString(path))
        .register(registry);
  }

  private void shown(int path, String name, String text, ToDoubleFunction<PathState> value) {
    Gauge.builder(name, link, of -> value.applyAsDouble(at(of, path)))
        .description(text)
        .tag("path", Integer.toString(path))
        .register(registry);
  }

  private static PathState at(MultiPathLink link, int path) {
    return link.state().sending().paths().get(path);
  }
}
