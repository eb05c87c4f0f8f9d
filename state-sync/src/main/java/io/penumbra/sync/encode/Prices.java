package io.penumbra.sync.encode;

import io.penumbra.domain.Guard;

/**
 * What is saved by a byte that isn't sent, and what is spent by a nanosecond of CPU, in one and the
 * same currency. Only their ratio matters.
 */
public record Prices(double perByte, double perCpuNanosecond) {

  public Prices {
    Guard.positive("price per byte", perByte);
    Guard.positive("price per CPU nanosecond", perCpuNanosecond);
  }

  /** A link of so many bytes a second that is to be relieved, whatever the CPU does meanwhile. */
  public static Prices link(double bytesPerSecond) {
    Guard.positive("bytes per second", bytesPerSecond);
    return new Prices(1e9 / bytesPerSecond, 1);
  }

  double of(long bytes, long nanoseconds) {
    return (double) bytes * perByte + (double) nanoseconds * perCpuNanosecond;
  }
}
