package io.penumbra.sync.meter;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.penumbra.sync.engine.PageCoding;
import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.engine.WentAhead;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.net.FrameLink;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * A timer and two counters for each stage: {@code penumbra.stage}, {@code penumbra.stage.bytes} and
 * {@code penumbra.stage.pages}, tagged {@code stage}. Wraps the ports through which the stages can
 * be seen.
 */
public final class StageMeters {

  private final LongSupplier clock;
  private final Map<Stage, Meters> stages = new EnumMap<>(Stage.class);
  private final Optional<EarlyMeters> early;

  /**
   * Registers the meters of these stages; what never happens at an end is not shown there.
   *
   * @param clock nanoseconds that only go forward
   */
  public StageMeters(MeterRegistry registry, LongSupplier clock, Stage... shown) {
    this.clock = clock;
    for (Stage stage : shown) {
      stages.put(stage, new Meters(registry, stage));
    }
    early =
        stages.containsKey(Stage.SOURCE)
            ? Optional.of(new EarlyMeters(registry))
            : Optional.empty();
  }

  /** Counts and times what is encoded and what is decoded. */
  public PageCoding around(PageCoding coding) {
    return new MeteredCoding(coding, this);
  }

  /** Counts and times epochs that are made durable and applied. */
  public StateSink around(StateSink sink) {
    return new MeteredSink(sink, this);
  }

  /** Counts and times frames that are sent. */
  public FrameLink around(FrameLink link) {
    return new MeteredLink(link, this);
  }

  /** Counts and times cuts and acks. */
  public SenderListener around(SenderListener listener) {
    return new MeteredListener(listener, this);
  }

  long now() {
    return clock.getAsLong();
  }

  void done(Stage stage, Duration took, long pages, long bytes) {
    Meters meters = stages.get(stage);
    if (meters != null) {
      meters.time.record(took);
      meters.pages.increment((double) pages);
      meters.bytes.increment((double) bytes);
    }
  }

  void wentAhead(WentAhead ahead) {
    early.ifPresent(meters -> meters.count(ahead));
  }

  void doneSince(Stage stage, long start, long pages, long bytes) {
    done(stage, Duration.ofNanos(now() - start), pages, bytes);
  }

  /** One stage's. */
  private static final class Meters {

    private final Timer time;
    private final Counter bytes;
    private final Counter pages;

    Meters(MeterRegistry registry, Stage stage) {
      time =
          Timer.builder("penumbra.stage")
              .description("How often a stage was passed, and how long it took")
              .tag("stage", stage.tag())
              .register(registry);
      bytes =
          Counter.builder("penumbra.stage.bytes")
              .description("Bytes that came out of a stage")
              .tag("stage", stage.tag())
              .register(registry);
      pages =
          Counter.builder("penumbra.stage.pages")
              .description("Pages that passed a stage")
              .tag("stage", stage.tag())
              .register(registry);
    }
  }
}
