package io.penumbra.sync.file;

import io.penumbra.sync.epoch.PageSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a page was before it changed, given what it is after: nothing if it was all zeros; for each
 * word of 64 bits whether it changed, and the old words; or the whole old page where that is not
 * shorter. And where in its record that is, in one number.
 */
final class PageUndo {

  static final int ZERO = 0;
  static final int WORDS = 1;
  static final int WHOLE = 2;

  /** More changed words than this, and the whole page is kept. */
  private static final int WORDS_MAX = 384;

  private static final int WORDS_IN_PAGE = PageSize.BYTES / Long.BYTES;
  private static final int MASK_BYTES = WORDS_IN_PAGE / Byte.SIZE;

  /** No undo by words takes more. */
  static final int BYTES_MAX = MASK_BYTES + WORDS_MAX * Long.BYTES;

  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private PageUndo() {}

  /**
   * Bits 0 to 1 the kind, 2 to 14 the offset in its slot, 15 to 27 the length, from 32 the slot.
   */
  static long place(int kind, int slot, int offset, int length) {
    return kind | ((long) offset << 2) | ((long) length << 15) | ((long) slot << 32);
  }

  static int kind(long place) {
    return (int) place & 3;
  }

  static int offset(long place) {
    return (int) (place >>> 2) & 0x1fff;
  }

  static int length(long place) {
    return (int) (place >>> 15) & 0x1fff;
  }

  static int slot(long place) {
    return (int) (place >>> 32);
  }

  /**
   * Writes what takes a page back; false if too much has changed, then nothing of use was written.
   *
   * @param out with room for {@link #BYTES_MAX}
   */
  static boolean write(
      MemorySegment before, long beforeAt, MemorySegment after, long afterAt, ByteBuffer out) {
    int mask = out.position();
    out.position(mask + MASK_BYTES);
    int changed = 0;
    for (int group = 0; group < MASK_BYTES; group++) {
      int bits = 0;
      for (int i = 0; i < Byte.SIZE; i++) {
        long at = (long) (group * Byte.SIZE + i) * Long.BYTES;
        long was = before.get(WORD, beforeAt + at);
        if (was != after.get(WORD, afterAt + at)) {
          if (++changed > WORDS_MAX) {
            out.position(mask);
            return false;
          }
          bits |= 1 << i;
          out.putLong(was);
        }
      }
      out.put(mask + group, (byte) bits);
    }
    return true;
  }

  /** Turns the page after into the page before; false if these words make no sense. */
  static boolean takeBack(ByteBuffer words, MemorySegment page) {
    int next = MASK_BYTES;
    for (int word = 0; word < WORDS_IN_PAGE; word++) {
      if ((words.get(word / Byte.SIZE) >>> (word % Byte.SIZE) & 1) != 0) {
        if (next + Long.BYTES > words.limit()) {
          return false;
        }
        page.set(WORD, (long) word * Long.BYTES, words.getLong(next));
        next += Long.BYTES;
      }
    }
    return next == words.limit();
  }
}
