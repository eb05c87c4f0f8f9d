package io.penumbra.sync.readiness;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * What the paths to the shadow are expected to do until the next epoch.
 *
 * @param bytesPerSecond over all usable paths; 0 if there is none
 * @param delivery probability that a frame group arrives without being sent again
 * @param oneWay delay of the best path
 */
public record NetworkForecast(double bytesPerSecond, double delivery, Duration oneWay) {

  public NetworkForecast {
    Guard.share("delivery", delivery);
    if (!(bytesPerSecond >= 0)) {
      throw new IllegalArgumentException(
          "forecast is %s bytes/s; expected 0 or more".formatted(bytesPerSecond));
    }
  }
}
