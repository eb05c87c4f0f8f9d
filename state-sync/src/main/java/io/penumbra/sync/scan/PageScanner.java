package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.PageSize;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;

/**
 * Compares memory with an older copy of it and names the pages that differ. Long stretches are
 * compared in one call ({@link MemorySegment#mismatch}, which the JIT turns into vector code), so
 * unchanged memory costs no more than reading it.
 */
public final class PageScanner {

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
    PageRanges.all(pages).forEach(parallel, (from, to) -> stretch(live, copy, from, to, changed));
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
}
