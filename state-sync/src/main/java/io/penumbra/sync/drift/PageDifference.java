package io.penumbra.sync.drift;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How two versions of a page differ. One bit speaks of hardware, a few bytes of a counter, most of
 * the page of another content.
 *
 * @param bytes how many bytes differ
 * @param bits how many bits differ
 * @param first the offset of the first byte that differs; 4096 if none does
 */
public record PageDifference(int page, int bytes, int bits, int first) {

  /** Compares one page of two views. */
  public static PageDifference of(PageView one, PageView other, int page) {
    MemorySegment a = one.segment(page).asSlice(one.offset(page), PageSize.BYTES);
    MemorySegment b = other.segment(page).asSlice(other.offset(page), PageSize.BYTES);
    int bytes = 0;
    int bits = 0;
    int first = PageSize.BYTES;
    for (int i = 0; i < PageSize.BYTES; i++) {
      int xor = (a.get(ValueLayout.JAVA_BYTE, i) ^ b.get(ValueLayout.JAVA_BYTE, i)) & 0xFF;
      if (xor != 0) {
        bytes++;
        bits += Integer.bitCount(xor);
        first = Math.min(first, i);
      }
    }
    return new PageDifference(page, bytes, bits, first);
  }
}
