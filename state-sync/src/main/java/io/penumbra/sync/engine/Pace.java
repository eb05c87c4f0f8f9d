package io.penumbra.sync.engine;

import io.penumbra.domain.Guard;
import java.time.Duration;
import java.time.Instant;

/**
 * Holds the sender to its shares: so many bytes per second of the network, so much of one core.
 * Says how long to rest; who works less than its share saves up no more than a moment's worth of
 * it.
 */
public final class Pace {

  /** So much may be saved up. */
  private static final double BURST_SECONDS = 0.1;

  private final double bytesPerSecond;
  private final double coreShare;
  private double owedSeconds;
  private Instant settled = Instant.MIN;

  /**
   * Sets the shares.
   *
   * @param bytesPerSecond of the network; infinite for no limit
   * @param coreShare of one core, more than 0; 1 for no limit
   */
  public Pace(double bytesPerSecond, double coreShare) {
    if (!(bytesPerSecond > 0)) {
      throw new IllegalArgumentException(
          "%s bytes per second; expected more than 0".formatted(bytesPerSecond));
    }
    Guard.share("share of a core", coreShare);
    Guard.positive("share of a core", coreShare);
    this.bytesPerSecond = bytesPerSecond;
    this.coreShare = coreShare;
  }

  /** As fast as it goes. */
  public static Pace unlimited() {
    return new Pace(Double.POSITIVE_INFINITY, 1);
  }

  /** Work was done: how long to rest before the next. */
  public Duration rest(long bytes, Duration busy, Instant now) {
    if (settled.equals(Instant.MIN)) {
      settled = now.minus(busy);
    }
    double passed = Duration.between(settled, now).toNanos() / 1e9;
    settled = now;
    // Both caps bind at once: what is owed is the longer of the two.
    double due = Math.max(bytes / bytesPerSecond, busy.toNanos() / 1e9 / coreShare);
    owedSeconds = Math.max(-BURST_SECONDS, owedSeconds - passed) + due;
    return owedSeconds <= 0 ? Duration.ZERO : Duration.ofNanos((long) (owedSeconds * 1e9));
  }
}
