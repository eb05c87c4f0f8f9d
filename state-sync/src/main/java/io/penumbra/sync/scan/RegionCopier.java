package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Copies what has changed in one region: into the base while that is being filled, else into slots
 * beside it. Remembers what a tracker has named until a cut is accepted, since the tracker forgets
 * it, and which pages of the base may be other than zero, so that holes are left alone.
 */
final class RegionCopier {

  /** So often a page is copied again while somebody writes it. */
  private static final int COPIES_MAX = 4;

  private final RegionPages base;
  private final int region;
  private final int first;
  private final int pages;
  private final PageSlots slots;
  private final boolean parallel;

  /** Named by a tracker since the base was as the state is. */
  private final BitSet named = new BitSet();

  /** All others are zero in the base. */
  private final BitSet written = new BitSet();

  private boolean filling;
  private boolean tracked;
  private boolean asked;

  RegionCopier(RegionPages base, int region, PageSlots slots, boolean parallel) {
    StateLayout layout = base.layout();
    this.base = base;
    this.region = region;
    this.first = layout.firstPage(region);
    this.pages = layout.pagesIn(region);
    this.slots = slots;
    this.parallel = parallel;
  }

  int region() {
    return region;
  }

  /** Whether somebody keeps track of this region's changes. */
  boolean isTracked() {
    return tracked;
  }

  /** A cut begins; it starts with nothing copied. */
  void begin(boolean fills) {
    filling = fills;
    asked = false;
  }

  /** The base is as the state was at the cut. */
  void accepted() {
    named.clear();
  }

  /** Copies while writers go on; returns how many pages there were. */
  int copyAhead(StateSource.Look look, MemorySegment live) {
    PageRanges ranges = toCopy(look);
    if (tracked && !filling) {
      // What is written meanwhile is named again, so a copy need not be whole.
      ranges.forEach(parallel, (from, to) -> copyUnseen(live, from, to));
    } else {
      compare(live, ranges);
    }
    return ranges.pages();
  }

  /** Copies what is live now; returns how many pages were not as last seen. */
  int copy(StateSource.Look look, MemorySegment live, boolean still) {
    PageRanges ranges = toCopy(look);
    if (tracked && still && !filling) {
      ranges.forEach(parallel, (from, to) -> copyUnseen(live, from, to));
      return ranges.pages();
    }
    return compare(live, ranges);
  }

  private PageRanges toCopy(StateSource.Look look) {
    Optional<BitSet> changed = look.mayHaveChanged(region);
    tracked = changed.isPresent();
    if (changed.isPresent()) {
      named.or(changed.get());
      written.or(changed.get());
      // What is left of a cut that was not accepted has to be copied again.
      BitSet set = asked ? changed.get() : named;
      asked = true;
      return PageRanges.of(set, pages);
    }
    Optional<BitSet> data = look.mayHoldData(region);
    if (data.isEmpty()) {
      written.set(0, pages);
      return PageRanges.all(pages);
    }
    written.or(data.get());
    return PageRanges.of(written, pages);
  }

  /** Copies pages without looking at them first: whoever named them is mostly right. */
  private void copyUnseen(MemorySegment live, int from, int to) {
    for (int page = from; page < to; page++) {
      if (!slots.has(first + page)) {
        slots.take(first + page);
      }
      copyOnce(live, page, slots.segment(first + page), slots.offset(first + page));
    }
  }

  private int compare(MemorySegment live, PageRanges ranges) {
    AtomicInteger moved = new AtomicInteger();
    ranges.forEach(parallel, (from, to) -> moved.addAndGet(compare(live, from, to)));
    return moved.get();
  }

  private int compare(MemorySegment live, int from, int to) {
    int[] moved = {0};
    int page = from;
    while (page < to) {
      if (slots.has(first + page)) {
        moved[0] += copyAgain(live, page) ? 1 : 0;
        page++;
      } else {
        int end = page + 1;
        while (end < to && !slots.has(first + end)) {
          end++;
        }
        PageScanner.stretch(
            live,
            base.region(region),
            page,
            end,
            changed -> {
              // What is equal is not written: holes of a sparse base stay holes.
              copyFirst(live, changed);
              moved[0]++;
            });
        page = end;
      }
    }
    return moved[0];
  }

  private void copyFirst(MemorySegment live, int page) {
    if (filling) {
      copyUntilEqual(live, page, base.region(region), (long) page << PageSize.SHIFT);
    } else {
      slots.take(first + page);
      copyUntilEqual(live, page, slots.segment(first + page), slots.offset(first + page));
    }
  }

  /** Copies a page that has a slot; false if the copy there was right already. */
  private boolean copyAgain(MemorySegment live, int page) {
    MemorySegment slot = slots.segment(first + page);
    long offset = slots.offset(first + page);
    if (same(live, page, slot, offset)) {
      return false;
    }
    copyUntilEqual(live, page, slot, offset);
    return true;
  }

  private static void copyUntilEqual(MemorySegment live, int page, MemorySegment to, long offset) {
    for (int copies = 0; copies < COPIES_MAX; copies++) {
      copyOnce(live, page, to, offset);
      if (same(live, page, to, offset)) {
        return;
      }
    }
  }

  private static void copyOnce(MemorySegment live, int page, MemorySegment to, long offset) {
    long bytes = bytes(live, page);
    MemorySegment.copy(live, (long) page << PageSize.SHIFT, to, offset, bytes);
    if (bytes < PageSize.BYTES) {
      to.asSlice(offset + bytes, PageSize.BYTES - bytes).fill((byte) 0);
    }
  }

  private static boolean same(MemorySegment live, int page, MemorySegment copy, long offset) {
    long from = (long) page << PageSize.SHIFT;
    long bytes = bytes(live, page);
    return MemorySegment.mismatch(live, from, from + bytes, copy, offset, offset + bytes) < 0;
  }

  private static long bytes(MemorySegment live, int page) {
    return Math.min(PageSize.BYTES, live.byteSize() - ((long) page << PageSize.SHIFT));
  }

  /** Puts the hashes of the base's pages where they belong among those of all regions. */
  void hash(long[] all) {
    Arrays.fill(all, first, first + pages, PageHash.ZERO_PAGE);
    PageRanges.of(written, pages)
        .forEach(
            parallel,
            (from, to) -> {
              for (int page = from; page < to; page++) {
                all[first + page] = PageHash.of(base.region(region), (long) page << PageSize.SHIFT);
              }
            });
  }
}
