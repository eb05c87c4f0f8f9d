package io.penumbra.sync.scan;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;

/**
 * Pages of one region as stretches of neighbours, none longer than what one core should do at a
 * time. Finding them costs as much as there are stretches, and a bit for each page.
 */
final class PageRanges {

  /** Pages per piece of work, 4 MiB: enough to amortise handing it over, and to balance cores. */
  private static final int STRETCH_PAGES = 1024;

  /** Fewer pages than this are done before another core has woken up. */
  private static final int PARALLEL_FROM = 512;

  private int[] bounds = new int[64];
  private int count;
  private int pages;

  private PageRanges() {}

  /** All pages of a region. */
  static PageRanges all(int pages) {
    PageRanges ranges = new PageRanges();
    ranges.add(0, pages);
    return ranges;
  }

  /** These pages, as far as the region has them. */
  static PageRanges of(BitSet set, int pagesInRegion) {
    PageRanges ranges = new PageRanges();
    int from = set.nextSetBit(0);
    while (from >= 0 && from < pagesInRegion) {
      int to = Math.min(pagesInRegion, set.nextClearBit(from));
      ranges.add(from, to);
      from = set.nextSetBit(to);
    }
    return ranges;
  }

  private void add(int from, int to) {
    pages += to - from;
    for (int start = from; start < to; start += STRETCH_PAGES) {
      if (2 * count == bounds.length) {
        bounds = Arrays.copyOf(bounds, 2 * bounds.length);
      }
      bounds[2 * count] = start;
      bounds[2 * count + 1] = Math.min(to, start + STRETCH_PAGES);
      count++;
    }
  }

  /** How many pages they have together. */
  int pages() {
    return pages;
  }

  /** Does some work on each stretch, on all cores if it may and if it pays. */
  void forEach(boolean parallel, Stretch work) {
    IntStream stretches = IntStream.range(0, count);
    (parallel && pages >= PARALLEL_FROM ? stretches.parallel() : stretches)
        .forEach(i -> work.run(bounds[2 * i], bounds[2 * i + 1]));
  }

  /** Work on the pages from {@code from} to before {@code to}. */
  @FunctionalInterface
  interface Stretch {
    void run(int from, int to);
  }
}
