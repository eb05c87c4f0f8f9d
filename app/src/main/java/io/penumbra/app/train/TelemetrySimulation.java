package io.penumbra.app.train;

import io.penumbra.placement.risk.TrainingData;
import java.time.Duration;

/** Where {@code penumbra train --simulated} takes its samples from. */
@FunctionalInterface
public interface TelemetrySimulation {

  /**
   * Telemetry of a simulated fleet, with what became of each host.
   *
   * @param span how long the fleet is watched
   * @param seed same seed, same samples
   */
  TrainingData telemetry(int hosts, Duration span, long seed);
}
