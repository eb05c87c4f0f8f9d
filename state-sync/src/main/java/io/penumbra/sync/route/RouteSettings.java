package io.penumbra.sync.route;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * How frames travel.
 *
 * @param out Camel endpoint that takes frames to the other end, for example {@code paths:link} or
 *     {@code kafka:vm-1-up?brokers=10.0.0.5:9092}
 * @param in Camel endpoint that frames from the other end come from; may be the same
 * @param arrivalsMax how many frames wait to be read
 * @param whenFull what becomes of more; at most one end may wait, or the two wait for each other
 * @param retriesMax how often a frame is tried again before it is given up
 * @param retryPause before the first retry; doubles each time
 */
public record RouteSettings(
    String out,
    String in,
    int arrivalsMax,
    WhenFull whenFull,
    int retriesMax,
    Duration retryPause) {

  /** With frames of 256 KiB that is 8 MiB at most. */
  private static final int ARRIVALS_MAX = 32;

  public RouteSettings {
    endpoint("out", out);
    endpoint("in", in);
    Guard.positive("arrivalsMax", arrivalsMax);
    Guard.notNegative("retriesMax", retriesMax);
    Guard.positive("retryPause in ms", (double) retryPause.toMillis());
  }

  /** For the end that hears little, and lets what it can't take be said again. */
  public static RouteSettings sender(String out, String in) {
    return new RouteSettings(out, in, ARRIVALS_MAX, WhenFull.DROP, 3, Duration.ofMillis(50));
  }

  /** For the end that the pages go to, which makes the other wait. */
  public static RouteSettings receiver(String out, String in) {
    return new RouteSettings(out, in, ARRIVALS_MAX, WhenFull.WAIT, 3, Duration.ofMillis(50));
  }

  /** What becomes of a frame that comes when there is no room. */
  public enum WhenFull {
    /** The route stands still, and in the end the other end waits. */
    WAIT,
    /** It is forgotten, and the sessions ask again. */
    DROP
  }

  private static void endpoint(String name, String uri) {
    if (!uri.matches("[a-z][a-z0-9+.-]*:.+")) {
      throw new IllegalArgumentException(
          "%s is '%s'; expected a Camel endpoint such as paths:link or kafka:topic?brokers=host:9092"
              .formatted(name, uri));
    }
  }
}
