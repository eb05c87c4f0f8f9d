package io.penumbra.adapter.traffic.dns;

import java.time.Duration;

/** A time to live, in whole seconds, within RFC 2181's bounds. */
final class Ttl {

  private Ttl() {}

  static long of(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 0 || seconds > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a TTL of %s; expected 0 to %d s".formatted(duration, Integer.MAX_VALUE));
    }
    return seconds;
  }
}
