package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageSize;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A page as the words that have changed: a mask of its 64 lines (8 bytes), then for each changed
 * line a mask of its words (1 byte) and these words. All lines and a first mask of no words stand
 * for a whole page, which follows as it is. Comparing word by word is several times as fast as
 * looking for runs of bytes, and what is more of it a compressor takes away again.
 */
final class ChangedWords {

  /** No page takes more while it is written, or as it is left. */
  static final int BYTES_MAX = Long.BYTES + 64 + PageSize.BYTES;

  /** More of a page than this, and it is left whole, so that a compressor sees it as it is. */
  private static final int PARTS_MAX = PageSize.BYTES / 2;

  private static final int LINES = 64;
  private static final int LINE_BYTES = 64;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private ChangedWords() {}

  /** Writes a page, and returns where it ends. */
  static int write(byte[] before, byte[] now, byte[] into, int from) {
    long lines = 0;
    int end = from + Long.BYTES;
    for (int line = 0; line < LINES; line++) {
      int words = changed(before, now, line * LINE_BYTES);
      if (words == 0) {
        continue;
      }
      lines |= 1L << line;
      into[end] = (byte) words;
      end++;
      for (int rest = words; rest != 0; rest &= rest - 1) {
        int at = line * LINE_BYTES + Integer.numberOfTrailingZeros(rest) * Long.BYTES;
        LONG.set(into, end, (long) LONG.get(now, at));
        end += Long.BYTES;
      }
    }
    LONG.set(into, from, lines);
    return end - from > PARTS_MAX ? whole(now, into, from) : end;
  }

  /** Whether what was written from here to there is most of a page. */
  static boolean isMostOfAPage(int from, int end) {
    return end - from > PageSize.BYTES / 4;
  }

  private static int whole(byte[] now, byte[] into, int from) {
    LONG.set(into, from, -1L);
    into[from + Long.BYTES] = 0;
    System.arraycopy(now, 0, into, from + Long.BYTES + 1, PageSize.BYTES);
    return from + Long.BYTES + 1 + PageSize.BYTES;
  }

  private static int changed(byte[] before, byte[] now, int line) {
    int words = 0;
    for (int i = 0; i < 8; i++) {
      int at = line + i * Long.BYTES;
      words |= (long) LONG.get(before, at) == (long) LONG.get(now, at) ? 0 : 1 << i;
    }
    return words;
  }

  /**
   * Turns the old page into the new one.
   *
   * @return where the words end, or -1 if they make no sense
   */
  static int read(byte[] words, int from, int limit, byte[] page) {
    if (limit - from < Long.BYTES) {
      return -1;
    }
    long lines = (long) LONG.get(words, from);
    int next = from + Long.BYTES;
    if (lines == -1 && next < limit && words[next] == 0) {
      next++;
      if (limit - next < PageSize.BYTES) {
        return -1;
      }
      System.arraycopy(words, next, page, 0, PageSize.BYTES);
      return next + PageSize.BYTES;
    }
    for (long rest = lines; rest != 0 && next >= 0; rest &= rest - 1) {
      next = line(words, next, limit, page, Long.numberOfTrailingZeros(rest) * LINE_BYTES);
    }
    return next;
  }

  private static int line(byte[] words, int from, int limit, byte[] page, int line) {
    if (from >= limit) {
      return -1;
    }
    int mask = words[from] & 0xFF;
    int next = from + 1;
    if (limit - next < Integer.bitCount(mask) * Long.BYTES) {
      return -1;
    }
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int at = line + Integer.numberOfTrailingZeros(rest) * Long.BYTES;
      LONG.set(page, at, (long) LONG.get(words, next));
      next += Long.BYTES;
    }
    return next;
  }
}
