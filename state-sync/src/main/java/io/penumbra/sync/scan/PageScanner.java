package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.PageSize;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Compares memory with an older copy of it and names the pages that differ. Long stretches are
 * compared in one call ({@link MemorySegment#mismatch}, which the JIT turns into vector code), so
 * unchanged memory costs no more than reading it.
 */
public final class PageScanner {

  /** Pages per piece of work, 4 MiB: enough to amortise handing it over, and to balance cores. */
  private static final int STRIPE_PAGES = 1024;

  private PageScanner() {}

  /**
   * Names every page that differs.
   *
   * @param live exact bytes of a region; the last page may be short
   * @param copy at least as many
   * @param changed called with page numbers from 0, from several threads if {@code parallel}
   */
  public static void compare(
      MemorySegment live, MemorySegment copy, boolean parallel, IntConsumer changed) {
    int pages = (int) PageSize.pagesFor(live.byteSize());
    stripes(pages, parallel, (from, to) -> stretch(live, copy, from, to, changed));
  }

  /** Names the pages from {@code from} to before {@code to} that differ. */
  static void stretch(
      MemorySegment live, MemorySegment copy, int from, int to, IntConsumer changed) {
    long end = Math.min((long) to << PageSize.SHIFT, live.byteSize());
    long at = (long) from << PageSize.SHIFT;
    while (at < end) {
      long equal = MemorySegment.mismatch(live, at, end, copy, at, end);
      if (equal < 0) {
        return;
      }
      int page = (int) ((at + equal) >>> PageSize.SHIFT);
      changed.accept(page);
      at = (long) (page + 1) << PageSize.SHIFT;
    }
  }

  /** Cuts pages into stripes, and does them on all cores if wanted. */
  static void stripes(int pages, boolean parallel, Stripe work) {
    int count = (pages + STRIPE_PAGES - 1) / STRIPE_PAGES;
    IntStream stripes = IntStream.range(0, count);
    (parallel ? stripes.parallel() : stripes)
        .forEach(stripe ->
            work.run(stripe * STRIPE_PAGES, (int) Math.min(pages, (stripe + 1L) * STRIPE_PAGES)));
  }

  /** Work on the pages from {@code from} to before {@code to}. */
  @FunctionalInterface
  interface Stripe {
    void run(int from, int to);
  }
}
