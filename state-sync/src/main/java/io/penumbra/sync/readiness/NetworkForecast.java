package io.penumbra.sync.readiness;

import io.penumbra.domain.Guard;
import io.penumbra.sync.path.PathForecast;
import java.time.Duration;
import java.util.List;

/**
 * What the paths to the shadow are expected to do until the next epoch.
 *
 * @param bytesPerSecond over all usable paths; 0 if there is none
 * @param delivery probability that a frame group arrives without being sent again
 * @param oneWay delay of the best path
 */
public record NetworkForecast(double bytesPerSecond, double delivery, Duration oneWay) {

  /** There is no path. */
  public static final NetworkForecast NONE = new NetworkForecast(0, 0, Duration.ZERO);

  /**
   * Of several paths over which each group of frames is spread with one shard of parity, or of one
   * without any.
   *
   * @param horizon for how long they have to hold: from cut to cut
   */
  public static NetworkForecast of(List<PathForecast> usable, Duration horizon) {
    if (usable.isEmpty()) {
      return NONE;
    }
    double none = 1;
    double one = 0;
    double bytesPerSecond = 0;
    double delay = Double.POSITIVE_INFINITY;
    for (PathForecast path : usable) {
      double arrives = (1 - path.lossShare()) * path.survival((double) horizon.toNanos());
      one = one * arrives + none * (1 - arrives);
      none *= arrives;
      bytesPerSecond += path.bytesPerSecond();
      delay = Math.min(delay, path.delayNanos());
    }
    double delivery = usable.size() == 1 ? none : Math.min(1, none + one);
    return new NetworkForecast(bytesPerSecond, delivery, Duration.ofNanos(Math.round(delay)));
  }

  public NetworkForecast {
    Guard.share("delivery", delivery);
    if (!(bytesPerSecond >= 0)) {
      throw new IllegalArgumentException(
          "forecast is %s bytes/s; expected 0 or more".formatted(bytesPerSecond));
    }
  }
}
