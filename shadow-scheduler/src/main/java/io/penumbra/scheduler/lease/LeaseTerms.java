package io.penumbra.scheduler.lease;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * How long a lease lasts and how far clocks may be trusted; the same for all parties.
 *
 * @param lasts how long a primary serves after it asked for the renewal that it got last, by its
 *     own clock
 * @param driftMax share by which any clock may run slow or fast: 0.001 is a millisecond a second
 * @param margin waited on top, for what a guest still does while its agent stops it
 */
public record LeaseTerms(Duration lasts, double driftMax, Duration margin) {

  public LeaseTerms {
    if (!lasts.isPositive() || lasts.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "a lease lasts %s; expected more than nothing and at most an hour".formatted(lasts));
    }
    if (!(driftMax >= 0 && driftMax <= 0.1)) {
      throw new IllegalArgumentException(
          "driftMax is %s; expected 0 to 0.1 (0.001 is a millisecond a second)"
              .formatted(driftMax));
    }
    Guard.notNegative("margin", margin.toNanos());
  }

  /** Three seconds, clocks within 1 in 1,000, 200 ms on top. */
  public static LeaseTerms defaults() {
    return new LeaseTerms(Duration.ofSeconds(3), 0.001, Duration.ofMillis(200));
  }

  /**
   * After how long, by anybody's clock, a lease that is not renewed any more has run out at its
   * holder: the holder's clock may be the slowest that is allowed, and ours the fastest.
   */
  public Duration certainAfter() {
    double nanos = lasts.toNanos() * (1 + driftMax) / (1 - driftMax);
    return Duration.ofNanos((long) Math.ceil(nanos)).plus(margin);
  }
}
