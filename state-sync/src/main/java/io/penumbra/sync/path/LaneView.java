package io.penumbra.sync.path;

/**
 * One usable path as a placement sees it.
 *
 * @param lane the path's number
 * @param bytesAhead queued and in flight on it
 */
public record LaneView(int lane, PathForecast forecast, long bytesAhead) {

  /** The same path with more queued on it. */
  public LaneView behind(long bytes) {
    return new LaneView(lane, forecast, bytesAhead + bytes);
  }

  /** When bytes given to it now will have arrived, in nanoseconds from now. */
  public double arrivalNanos(long bytes) {
    return forecast.arrivalNanos(bytesAhead, bytes);
  }
}
