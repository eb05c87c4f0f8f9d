package io.penumbra.placement.risk;

import io.penumbra.domain.Guard;
import io.penumbra.domain.telemetry.HostTelemetry;
import java.time.Duration;

/**
 * A sample and what became of its host afterwards. The label follows from the horizon at training
 * time, so one data set serves every horizon.
 *
 * @param standsFor how many samples like it this one stands for. A source that leaves out 99 of 100
 *     survivors says 100 here; else the model would take failures for far more common than they
 *     are, and its probabilities would be wrong by that factor
 */
public record ObservedTelemetry(HostTelemetry telemetry, Fate fate, double standsFor) {

  public ObservedTelemetry {
    Guard.positive("the number of samples that one stands for", standsFor);
  }

  /** A sample that stands for itself. */
  public ObservedTelemetry(HostTelemetry telemetry, Fate fate) {
    this(telemetry, fate, 1);
  }

  /** What was seen after the sample. */
  public sealed interface Fate {

    /** How long after the sample this is known. */
    Duration after();
  }

  /** The host failed this long after the sample. */
  public record Failed(Duration after) implements Fate {
    public Failed {
      notNegative("time to failure", after);
    }
  }

  /** The host was watched for this long after the sample and did not fail. */
  public record Survived(Duration after) implements Fate {
    public Survived {
      notNegative("time watched", after);
    }
  }

  /** What a sample teaches about one horizon. */
  public enum Label {
    FAILS,
    SURVIVES,
    /** Watched for less than the horizon without a failure: it teaches nothing. */
    CENSORED
  }

  public Label label(Duration horizon) {
    return switch (fate) {
      case Failed(Duration after) -> after.compareTo(horizon) <= 0 ? Label.FAILS : Label.SURVIVES;
      case Survived(Duration after) ->
          after.compareTo(horizon) >= 0 ? Label.SURVIVES : Label.CENSORED;
    };
  }

  private static void notNegative(String what, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException("%s is %s; expected 0 or more".formatted(what, value));
    }
  }
}
