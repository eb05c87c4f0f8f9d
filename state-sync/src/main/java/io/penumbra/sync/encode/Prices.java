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
    return link(bytesPerSecond, 1);
  }

  /**
   * A link, and a share of a core that may be used for it: time on the one is as dear as time on
   * the other.
   *
   * @param coreShare more than 0; 1 for a whole core
   */
  public static Prices link(double bytesPerSecond, double coreShare) {
    Guard.positive("bytes per second", bytesPerSecond);
    Guard.share("share of a core", coreShare);
    Guard.positive("share of a core", coreShare);
    return new Prices(1e9 / bytesPerSecond, 1 / coreShare);
  }

  double of(double bytes, double nanoseconds) {
    return bytes * perByte + nanoseconds * perCpuNanosecond;
  }
}
