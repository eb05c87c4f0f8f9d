package io.penumbra.sync.file;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/**
 * Collects the pages of the epoch that is arriving, and writes its {@link EpochRecord}. An epoch of
 * up to 8 MiB stays in memory until it is committed, and is written in one go; of a larger one the
 * rest is in the file already.
 */
final class EpochWriter {

  private static final int SLOTS_FIRST = 256;
  private static final int SLOTS_MAX = 2048;
  private static final int NONE = -1;

  private final PageView view;
  private final int[] entryOf;
  private final ByteBuffer undo = ByteBuffer.allocate(PageUndo.BYTES_MAX);
  private MemorySegment buffer = allocate(SLOTS_FIRST);
  private int slotsWritten;
  private int slots = 1;
  private int count;
  private int undoSlot;
  private int undoEnd;
  private final MemorySegment one = allocate(1);
  private int[] pages = new int[SLOTS_FIRST];
  private int[] slotOf = new int[SLOTS_FIRST];
  private long[] after = new long[SLOTS_FIRST];
  private long[] before = new long[SLOTS_FIRST];
  private long[] undoAt = new long[SLOTS_FIRST];

  /**
   * Starts with no pages.
   *
   * @param view the epoch before
   */
  EpochWriter(PageView view, int pagesInAll) {
    this.view = view;
    entryOf = new int[pagesInAll];
    Arrays.fill(entryOf, NONE);
  }

  private static MemorySegment allocate(int slots) {
    return Arena.ofAuto().allocate((long) slots << PageSize.SHIFT, PageSize.BYTES);
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** Takes a page; one that is there already is replaced. */
  void stage(EpochLog log, int page, MemorySegment content, long offset, long hash)
      throws IOException {
    int entry = entryOf[page];
    // A page that went ahead of its cut and comes again takes its own place, while that is in
    // memory.
    boolean again = entry != NONE && slotOf[entry] >= Math.max(1, slotsWritten);
    int slot = again ? slotOf[entry] : slot(log);
    MemorySegment.copy(content, offset, buffer, at(slot), PageSize.BYTES);
    if (entry == NONE) {
      entry = count++;
      grow();
      entryOf[page] = entry;
      pages[entry] = page;
    }
    slotOf[entry] = slot;
    after[entry] = hash;
    before[entry] = PageHash.of(view, page);
    undoAt[entry] = before[entry] == PageHash.ZERO_PAGE ? PageUndo.ZERO : undo(log, page, slot);
  }

  private long undo(EpochLog log, int page, int slot) throws IOException {
    MemorySegment old = view.segment(page);
    long oldAt = view.offset(page);
    if (!PageUndo.write(old, oldAt, buffer, at(slot), undo.clear())) {
      int whole = slot(log);
      MemorySegment.copy(old, oldAt, buffer, at(whole), PageSize.BYTES);
      return PageUndo.place(PageUndo.WHOLE, whole, 0, PageSize.BYTES);
    }
    undo.flip();
    int length = undo.remaining();
    if (undoSlot < Math.max(1, slotsWritten) || undoEnd + length > PageSize.BYTES) {
      undoSlot = slot(log);
      undoEnd = 0;
    }
    MemorySegment.copy(MemorySegment.ofBuffer(undo), 0, buffer, at(undoSlot) + undoEnd, length);
    long place = PageUndo.place(PageUndo.WORDS, undoSlot, undoEnd, length);
    undoEnd += length;
    return place;
  }

  /** Where a slot is in memory. */
  private long at(int slot) {
    return (long) (slot - slotsWritten) << PageSize.SHIFT;
  }

  /** The next slot; what is in memory may move to the file for it. */
  private int slot(EpochLog log) throws IOException {
    if (at(slots) == buffer.byteSize()) {
      int room = (int) (buffer.byteSize() >>> PageSize.SHIFT);
      if (room < SLOTS_MAX) {
        buffer = allocate(2 * room).copyFrom(buffer);
      } else {
        writeOut(log);
      }
    }
    return slots++;
  }

  private void writeOut(EpochLog log) throws IOException {
    Durable.write(
        log.file(),
        buffer.asSlice(0, at(slots)).asByteBuffer(),
        log.end() + ((long) slotsWritten << PageSize.SHIFT));
    slotsWritten = slots;
  }

  private void grow() {
    if (count > pages.length) {
      int more = 2 * pages.length;
      pages = Arrays.copyOf(pages, more);
      slotOf = Arrays.copyOf(slotOf, more);
      after = Arrays.copyOf(after, more);
      before = Arrays.copyOf(before, more);
      undoAt = Arrays.copyOf(undoAt, more);
    }
  }

  /** The page is not in the epoch after all. */
  void unstage(int page) {
    int entry = entryOf[page];
    if (entry != NONE) {
      entryOf[page] = NONE;
      slotOf[entry] = NONE;
    }
  }

  /** Makes the record durable; returns where it ends. */
  long finish(EpochLog log, EpochManifest manifest) throws IOException {
    ByteBuffer entries = ByteBuffer.allocate(count * EpochRecord.ENTRY_BYTES);
    for (int entry = 0; entry < count; entry++) {
      if (slotOf[entry] != NONE) {
        EpochRecord.entry(
            entries, pages[entry], slotOf[entry], after[entry], before[entry], undoAt[entry]);
      }
    }
    byte[] index = EpochRecord.index(entries.flip(), manifest);
    int staged = entries.limit() / EpochRecord.ENTRY_BYTES;
    long indexAt = log.end() + ((long) slots << PageSize.SHIFT);
    ByteBuffer header = EpochRecord.header(manifest.epoch(), indexAt, index, staged);
    long end = EpochRecord.roundUp(indexAt + index.length);
    if (slotsWritten == 0) {
      MemorySegment.copy(MemorySegment.ofBuffer(header), 0, buffer, 0, EpochRecord.HEADER_BYTES);
    } else {
      Durable.write(log.file(), header, log.end());
    }
    if (at(slots) > 0) {
      int written = slotsWritten;
      Durable.write(
          log.file(),
          buffer.asSlice(0, at(slots)).asByteBuffer(),
          log.end() + ((long) written << PageSize.SHIFT));
    }
    Durable.write(log.file(), ByteBuffer.wrap(index), indexAt);
    log.file().force(false);
    return end;
  }

  /** Gives every page to the image. */
  void apply(FileChannel file, long start, ImageFiles image) throws IOException {
    for (int entry = 0; entry < count; ) {
      if (slotOf[entry] == NONE) {
        entry++;
        continue;
      }
      if (slotOf[entry] >= Math.max(1, slotsWritten)) {
        int run = run(entry, image);
        image.write(pages[entry], run, buffer, at(slotOf[entry]));
        entry += run;
      } else {
        long at = start + ((long) slotOf[entry] << PageSize.SHIFT);
        if (!Durable.read(file, one.asByteBuffer(), at)) {
          throw new IOException("the log of epochs ends before what was written to it");
        }
        image.write(pages[entry], 1, one, 0);
        entry++;
      }
    }
  }

  /** How many pages from here on lie behind each other here and in the image. */
  private int run(int first, ImageFiles image) {
    int run = 1;
    while (first + run < count
        && slotOf[first + run] == slotOf[first] + run
        && pages[first + run] == pages[first] + run
        && image.sameRegion(pages[first], pages[first + run])) {
      run++;
    }
    return run;
  }

  /** Forgets all pages. */
  void clear() {
    for (int entry = 0; entry < count; entry++) {
      entryOf[pages[entry]] = NONE;
    }
    count = 0;
    slots = 1;
    slotsWritten = 0;
    undoSlot = 0;
    undoEnd = 0;
  }
}
