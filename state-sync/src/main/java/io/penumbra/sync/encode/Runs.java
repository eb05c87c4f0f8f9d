package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageSize;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A page as runs: how many bytes stay, how many change, the changed ones, and so on to the page's
 * end; lengths in LEB128. What XBZRLE does in QEMU, with the whole old state as its cache (Svärd et
 * al., <i>Evaluation of Delta Compression Techniques for Efficient Live Migration</i>, 2011).
 */
final class Runs {

  /** No page takes more. */
  static final int BYTES_MAX = 2 * PageSize.BYTES;

  private static final long ONES = 0x0101010101010101L;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Runs() {}

  /** Writes a page's runs, and returns where they end. */
  static int write(byte[] before, byte[] now, byte[] into, int from) {
    int end = from;
    int at = 0;
    while (at < PageSize.BYTES) {
      int start = unequal(before, now, at);
      int stop = equal(before, now, start);
      end = number(start - at, into, end);
      if (start < PageSize.BYTES) {
        end = number(stop - start, into, end);
        System.arraycopy(now, start, into, end, stop - start);
        end += stop - start;
      }
      at = stop;
    }
    return end;
  }

  /** The first byte from there on that differs. */
  private static int unequal(byte[] before, byte[] now, int from) {
    int at = from;
    for (; at <= PageSize.BYTES - Long.BYTES; at += Long.BYTES) {
      long differences = (long) LONG.get(before, at) ^ (long) LONG.get(now, at);
      if (differences != 0) {
        return at + (Long.numberOfTrailingZeros(differences) >>> 3);
      }
    }
    while (at < PageSize.BYTES && before[at] == now[at]) {
      at++;
    }
    return at;
  }

  /** The first byte from there on that doesn't. */
  private static int equal(byte[] before, byte[] now, int from) {
    int at = from;
    for (; at <= PageSize.BYTES - Long.BYTES; at += Long.BYTES) {
      long differences = (long) LONG.get(before, at) ^ (long) LONG.get(now, at);
      // The lowest bit set is in the lowest byte that is zero (Warren, Hacker's Delight, 6-1).
      long zeros = (differences - ONES) & ~differences & (ONES << 7);
      if (zeros != 0) {
        return at + (Long.numberOfTrailingZeros(zeros) >>> 3);
      }
    }
    while (at < PageSize.BYTES && before[at] != now[at]) {
      at++;
    }
    return at;
  }

  /**
   * Turns the old page into the new one.
   *
   * @return where the runs end, or -1 if they make no sense
   */
  static int read(byte[] runs, int from, int limit, byte[] page, int pageAt) {
    int next = from;
    int at = 0;
    boolean changes = false;
    while (at < PageSize.BYTES) {
      int length = 0;
      int shift = 0;
      int part;
      do {
        if (next >= limit || shift > 7) {
          return -1;
        }
        part = runs[next];
        next++;
        length |= (part & 127) << shift;
        shift += 7;
      } while (part < 0);
      if (length > PageSize.BYTES - at || (changes && length > limit - next)) {
        return -1;
      }
      if (changes) {
        System.arraycopy(runs, next, page, pageAt + at, length);
        next += length;
      }
      at += length;
      changes = !changes;
    }
    return next;
  }

  private static int number(int value, byte[] into, int from) {
    int end = from;
    int rest = value;
    while (rest > 127) {
      into[end] = (byte) (rest | 128);
      end++;
      rest >>>= 7;
    }
    into[end] = (byte) rest;
    return end + 1;
  }
}
