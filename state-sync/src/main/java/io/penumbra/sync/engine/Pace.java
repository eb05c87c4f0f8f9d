package io.penumbra.sync.engine;

import io.penumbra.domain.Guard;
import java.time.Duration;
import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * Holds the sender to its shares: so many bytes per second of the network, so much of one core.
 * Says how long to rest; who works less than its share saves up no more than a moment's worth of
 * it. What counts is time on the CPU: waiting for the network or the other end is free.
 */
public final class Pace {

  /** So much may be saved up. */
  private static final double BURST_SECONDS = 0.1;

  private final double bytesPerSecond;
  private final double coreShare;
  private final LongSupplier cpu;
  private double bytesOwed;
  private double cpuOwed;
  private long cpuCounted;
  private Instant settled = Instant.MIN;

  /**
   * Sets the shares.
   *
   * @param bytesPerSecond of the network; infinite for no limit
   * @param coreShare of one core, more than 0; 1 or more for no limit
   * @param cpu nanoseconds of CPU that all threads at work have used
   */
  public Pace(double bytesPerSecond, double coreShare, LongSupplier cpu) {
    if (!(bytesPerSecond > 0)) {
      throw new IllegalArgumentException(
          "%s bytes per second; expected more than 0".formatted(bytesPerSecond));
    }
    Guard.share("share of a core", coreShare);
    Guard.positive("share of a core", coreShare);
    this.bytesPerSecond = bytesPerSecond;
    this.coreShare = coreShare;
    this.cpu = cpu;
    cpuCounted = cpu.getAsLong();
  }

  /** As fast as it goes. */
  public static Pace unlimited() {
    return new Pace(Double.POSITIVE_INFINITY, 1, () -> 0);
  }

  /** Bytes were sent, and work was done: how long to rest before the next. */
  public Duration rest(long bytes, Instant now) {
    if (settled.equals(Instant.MIN)) {
      settled = now;
    }
    double passed = Duration.between(settled, now).toNanos() / 1e9;
    settled = now;
    double busy = coreShare < 1 ? cpuSeconds() : 0;
    // Both caps bind at once: what is owed is the longer of the two.
    bytesOwed = Math.max(-BURST_SECONDS, bytesOwed - passed) + bytes / bytesPerSecond;
    cpuOwed = Math.max(-BURST_SECONDS, cpuOwed - passed) + busy / coreShare;
    double owed = Math.max(bytesOwed, cpuOwed);
    return owed <= 0 ? Duration.ZERO : Duration.ofNanos((long) (owed * 1e9));
  }

  private double cpuSeconds() {
    long used = cpu.getAsLong();
    double seconds = (used - cpuCounted) / 1e9;
    cpuCounted = used;
    return seconds;
  }
}
