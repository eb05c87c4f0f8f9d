package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Copies of some pages out of many. Each copied page gets a slot; {@link #clear} gives all slots
 * back and keeps their memory, so memory is bounded by the largest cut so far. Several threads may
 * take slots for different pages.
 */
final class PageSlots {

  private static final int NONE = -1;

  /** Pages per piece of memory: 16 MiB. */
  private static final int PIECE_SHIFT = 12;

  private static final int PIECE_PAGES = 1 << PIECE_SHIFT;

  private final int[] slotOf;
  private final SlotMemory memory;
  private final AtomicInteger taken = new AtomicInteger();
  private volatile MemorySegment[] pieces = {};

  PageSlots(int pages, SlotMemory memory) {
    this.memory = memory;
    slotOf = new int[pages];
    Arrays.fill(slotOf, NONE);
  }

  boolean has(int page) {
    return slotOf[page] != NONE;
  }

  int count() {
    return taken.get();
  }

  /** Gives a page its slot; its content is whatever was there. */
  void take(int page) {
    int slot = taken.getAndIncrement();
    if (slot >> PIECE_SHIFT >= pieces.length) {
      grow(slot >> PIECE_SHIFT);
    }
    slotOf[page] = slot;
  }

  private synchronized void grow(int piece) {
    while (piece >= pieces.length) {
      MemorySegment[] more = Arrays.copyOf(pieces, pieces.length + 1);
      more[pieces.length] = memory.allocate((long) PIECE_PAGES << PageSize.SHIFT);
      pieces = more;
    }
  }

  MemorySegment segment(int page) {
    return pieces[slotOf[page] >> PIECE_SHIFT];
  }

  long offset(int page) {
    return (long) (slotOf[page] & (PIECE_PAGES - 1)) << PageSize.SHIFT;
  }

  /** The pages that have slots, in order. */
  int[] pages() {
    int[] pages = new int[count()];
    int found = 0;
    for (int page = 0; found < pages.length; page++) {
      if (has(page)) {
        pages[found++] = page;
      }
    }
    return pages;
  }

  void clear() {
    for (int page : pages()) {
      slotOf[page] = NONE;
    }
    taken.set(0);
  }

  /** These pages where there are any, else those below. */
  PageView over(PageView below) {
    return new PageView() {
      @Override
      public MemorySegment segment(int page) {
        return has(page) ? PageSlots.this.segment(page) : below.segment(page);
      }

      @Override
      public long offset(int page) {
        return has(page) ? PageSlots.this.offset(page) : below.offset(page);
      }
    };
  }
}
