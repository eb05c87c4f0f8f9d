package io.penumbra.sync.path;

/**
 * What a path is expected to do for the shards that are given to it now.
 *
 * @param delayNanos from the first byte sent to the first byte there, an empty queue assumed
 * @param delayDeviationNanos how far delays lie from their mean, typically
 * @param bytesPerSecond what it carries
 * @param bandwidthDeviation the forecast's standard error, relative: 0.1 is ten per cent
 * @param lossShare share of shards that do not arrive intact while it works
 * @param outagesPerSecond how often it stops working, per second of work
 */
public record PathForecast(
    double delayNanos,
    double delayDeviationNanos,
    double bytesPerSecond,
    double bandwidthDeviation,
    double lossShare,
    double outagesPerSecond) {

  private static final double NANOS = 1e9;

  public PathForecast {
    if (!(delayNanos >= 0 && delayDeviationNanos >= 0 && bytesPerSecond > 0)
        || !(bandwidthDeviation >= 0
            && lossShare >= 0
            && lossShare <= 1
            && outagesPerSecond >= 0)) {
      throw new IllegalArgumentException(
          "no forecast: delay %s ns +- %s, %s B/s +- %s, loss %s, %s outages/s"
              .formatted(
                  delayNanos,
                  delayDeviationNanos,
                  bytesPerSecond,
                  bandwidthDeviation,
                  lossShare,
                  outagesPerSecond));
    }
  }

  /** When bytes will be there that are queued behind others, in nanoseconds from now. */
  public double arrivalNanos(long bytesAhead, long bytes) {
    return delayNanos + (bytesAhead + bytes) / bytesPerSecond * NANOS;
  }

  /** Probability that it works for that long without a break. */
  public double survival(double nanos) {
    return Math.exp(-outagesPerSecond * nanos / NANOS);
  }
}
