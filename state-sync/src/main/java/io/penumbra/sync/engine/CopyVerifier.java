package io.penumbra.sync.engine;

import io.penumbra.domain.Guard;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.IntToLongFunction;

/**
 * Goes round and round over the pages of a copy, no faster than it may, and finds those that are
 * not what they were: a disk that rots, memory that flips a bit. Without it that is seen when the
 * copy is opened or restored, which may be too late. What the kernel has cached is looked at there,
 * as a takeover would find it.
 */
final class CopyVerifier {

  /** Pages in one step at most, so that frames don't wait: about 0.2 ms. */
  private static final int STEP_PAGES = 512;

  private final double pagesPerSecond;
  private Instant lookedAt = Instant.MIN;
  private int next;
  private long looked;

  CopyVerifier(double bytesPerSecond) {
    Guard.positive("bytes per second", bytesPerSecond);
    pagesPerSecond = bytesPerSecond / PageSize.BYTES;
  }

  /** How many pages it has looked at since the start. */
  long looked() {
    return looked;
  }

  /** Looks at the pages that are due; returns those that are wrong. */
  Found step(PageView view, int pages, IntToLongFunction expected, Instant now) {
    if (lookedAt.equals(Instant.MIN)) {
      lookedAt = now;
    }
    double due = Duration.between(lookedAt, now).toNanos() / 1e9 * pagesPerSecond;
    int count = (int) Math.min(Math.min(STEP_PAGES, pages), due);
    if (count == 0) {
      return Found.NOTHING;
    }
    // What could not be done in time is not made up for.
    lookedAt = now;
    looked += count;
    int[] wrong = new int[count];
    long[] hashes = new long[count];
    int found = 0;
    for (int i = 0; i < count; i++) {
      long right = expected.applyAsLong(next);
      // What should be zeros is a hole as a rule, and to read one in memory would fill it.
      long hash = right == PageHash.ZERO_PAGE ? right : PageHash.of(view, next);
      if (hash != right) {
        wrong[found] = next;
        hashes[found++] = hash;
      }
      next = next + 1 < pages ? next + 1 : 0;
    }
    return new Found(Arrays.copyOf(wrong, found), Arrays.copyOf(hashes, found));
  }

  /**
   * Pages that are not what they were.
   *
   * @param hashes that they have now
   */
  // Made for one step and handed over.
  @SuppressWarnings("ArrayRecordComponent")
  record Found(int[] pages, long[] hashes) {
    static final Found NOTHING = new Found(new int[0], new long[0]);
  }
}
