package io.penumbra.sync.predict;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A page seen as 512 little-endian words of 64 bits. */
final class Words {

  static final int COUNT = 512;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Words() {}

  static long get(byte[] page, int word) {
    return (long) LONG.get(page, word << 3);
  }

  static void set(byte[] page, int word, long value) {
    LONG.set(page, word << 3, value);
  }

  static boolean allZero(byte[] page) {
    for (int i = 0; i < COUNT; i++) {
      if (get(page, i) != 0) {
        return false;
      }
    }
    return true;
  }

  static int changed(byte[] before, byte[] now) {
    int changed = 0;
    for (int i = 0; i < COUNT; i++) {
      changed += get(before, i) == get(now, i) ? 0 : 1;
    }
    return changed;
  }

  /** The words of a line of 64 bytes that differ, one bit each. */
  static int changedInLine(byte[] before, byte[] now, int line) {
    int changed = 0;
    for (int i = 0; i < 8; i++) {
      changed |= get(before, line * 8 + i) == get(now, line * 8 + i) ? 0 : 1 << i;
    }
    return changed;
  }

  /**
   * After how many words a page's changed words go on in even steps most often: the size of its
   * records if they are numbered, or point to each other; 0 if they are neither.
   */
  static int stride(byte[] before, byte[] now) {
    int best = 0;
    int most = 8;
    for (int stride = 1; stride <= STRIDE_MAX; stride++) {
      int hits = 0;
      for (int i = 2 * stride; i < COUNT; i++) {
        long word = get(now, i);
        hits += word != 0 && word != get(before, i) && word == even(now, i, stride) ? 1 : 0;
      }
      if (hits > most + 2) {
        most = hits;
        best = stride;
      }
    }
    return best;
  }

  static final int STRIDE_MAX = 63;

  /** What a word is if it goes on in even steps. */
  static long even(byte[] page, int word, int stride) {
    return word >= 2 * stride
        ? 2 * get(page, word - stride) - get(page, word - 2 * stride)
        : word >= stride ? get(page, word - stride) : 0;
  }
}
