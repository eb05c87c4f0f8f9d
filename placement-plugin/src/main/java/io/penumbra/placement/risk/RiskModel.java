package io.penumbra.placement.risk;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.telemetry.HostTelemetry;
import java.time.Duration;
import java.util.List;

/**
 * Says how likely a host is to fail within the model's horizon. Deterministic: the same samples get
 * the same scores, bit for bit. Used by one thread at a time; close it when done, a model may hold
 * memory outside the Java heap.
 */
public interface RiskModel extends AutoCloseable {

  /** Name and version, as it goes into every {@link RiskScore#model()}. */
  String name();

  /** How far ahead the probabilities look. */
  Duration horizon();

  /**
   * One score per sample, in the order of the samples. Drivers are worked out only for scores worth
   * a look (the model states from where on), because they cost far more than the score.
   */
  List<RiskScore> score(List<HostTelemetry> samples);

  /** The same scores with drivers for every sample, whatever it costs. */
  List<RiskScore> explain(List<HostTelemetry> samples);

  @Override
  void close();
}
