package io.penumbra.sync.epoch;

import io.penumbra.domain.Guard;

/** A page is 4 KiB: the grain in which memory is tracked, compared, sent and verified. */
public final class PageSize {

  public static final int BYTES = 4096;

  /** A page number shifted left by this is its offset in bytes. */
  public static final int SHIFT = 12;

  private PageSize() {}

  /** How many pages hold so many bytes; the last one may be padded with zeros. */
  public static long pagesFor(long bytes) {
    Guard.notNegative("bytes", bytes);
    return (bytes + BYTES - 1) >>> SHIFT;
  }
}
