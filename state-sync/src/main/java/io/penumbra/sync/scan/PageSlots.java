package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Copies of some pages out of many. Each copied page gets a slot; {@link #clear} gives all slots
 * back and keeps their memory, so memory is bounded by the largest cut so far. What is done with
 * slots costs as much as there are slots taken, however many pages there are. Several threads may
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
  private volatile Piece[] pieces = {};
  private int touched;

  PageSlots(int pages, SlotMemory memory) {
    this.memory = memory;
    slotOf = new int[pages];
    Arrays.fill(slotOf, NONE);
  }

  boolean has(int page) {
    return slotOf[page] != NONE;
  }

  boolean isEmpty() {
    return taken.get() == 0;
  }

  /**
   * Gets memory for so many more slots ready, page faults and all, so that it costs nothing in a
   * hold.
   */
  void prepare(int more) {
    int end = (int) Math.min(slotOf.length, (long) taken.get() + more);
    for (touched = Math.max(touched, taken.get()); touched < end; touched++) {
      piece(touched)
          .memory
          .set(ValueLayout.JAVA_BYTE, (long) inPiece(touched) << PageSize.SHIFT, (byte) 0);
    }
  }

  /** Gives a page its slot; its content is whatever was there. */
  void take(int page) {
    int slot = taken.getAndIncrement();
    piece(slot).pageOf[inPiece(slot)] = page;
    slotOf[page] = slot;
  }

  private Piece piece(int slot) {
    int number = slot >> PIECE_SHIFT;
    if (number >= pieces.length) {
      grow(number);
    }
    return pieces[number];
  }

  private static int inPiece(int slot) {
    return slot & (PIECE_PAGES - 1);
  }

  private synchronized void grow(int number) {
    while (number >= pieces.length) {
      Piece[] more = Arrays.copyOf(pieces, pieces.length + 1);
      more[pieces.length] =
          new Piece(memory.allocate((long) PIECE_PAGES << PageSize.SHIFT), new int[PIECE_PAGES]);
      pieces = more;
    }
  }

  MemorySegment segment(int page) {
    return pieces[slotOf[page] >> PIECE_SHIFT].memory;
  }

  long offset(int page) {
    return (long) inPiece(slotOf[page]) << PageSize.SHIFT;
  }

  /** The page is as it was after all. */
  void drop(int page) {
    slotOf[page] = NONE;
  }

  /** The pages that have slots, in order. */
  int[] pages() {
    int[] pages = new int[taken.get()];
    int found = 0;
    for (int slot = 0; slot < pages.length; slot++) {
      int page = piece(slot).pageOf[inPiece(slot)];
      if (slotOf[page] == slot) {
        pages[found++] = page;
      }
    }
    int[] ordered = Arrays.copyOf(pages, found);
    Arrays.sort(ordered);
    return ordered;
  }

  void clear() {
    for (int slot = 0; slot < taken.get(); slot++) {
      slotOf[piece(slot).pageOf[inPiece(slot)]] = NONE;
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

      @Override
      public int pages() {
        return below.pages();
      }
    };
  }

  /** Memory for some slots, and which pages have them. */
  // Belongs to the slots alone.
  @SuppressWarnings("ArrayRecordComponent")
  private record Piece(MemorySegment memory, int[] pageOf) {}
}
