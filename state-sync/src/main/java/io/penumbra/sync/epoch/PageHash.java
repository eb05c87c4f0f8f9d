package io.penumbra.sync.epoch;

import com.dynatrace.hash4j.hashing.ByteAccess;
import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * XXH3-64 of a page, see <a href="https://github.com/Cyan4973/xxHash">xxHash</a>. It finds faults,
 * not forgers: against those frames are authenticated with a key.
 */
public final class PageHash {

  /** Of a page of zeros. */
  public static final long ZERO_PAGE;

  private static final Hasher64 XXH3 = Hashing.xxh3_64();
  private static final ByteAccess<MemorySegment> BYTES = new SegmentBytes();

  static {
    ZERO_PAGE = XXH3.hashBytesToLong(new byte[PageSize.BYTES]);
  }

  private PageHash() {}

  /** Hashes 4096 bytes. */
  public static long of(MemorySegment segment, long offset) {
    return XXH3.hashBytesToLong(segment, offset, PageSize.BYTES, BYTES);
  }

  /** Hashes one page of a view. */
  public static long of(PageView view, int page) {
    return of(view.segment(page), view.offset(page));
  }

  /** How the hasher reads memory: in words, little end first. */
  private static final class SegmentBytes implements ByteAccess<MemorySegment> {

    private static final ValueLayout.OfLong LONG =
        ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public byte getByte(MemorySegment data, long index) {
      return data.get(ValueLayout.JAVA_BYTE, index);
    }

    @Override
    public int getInt(MemorySegment data, long index) {
      return data.get(INT, index);
    }

    @Override
    public long getIntAsUnsignedLong(MemorySegment data, long index) {
      return Integer.toUnsignedLong(data.get(INT, index));
    }

    @Override
    public long getLong(MemorySegment data, long index) {
      return data.get(LONG, index);
    }

    @Override
    public void copyToByteArray(
        MemorySegment data, long index, byte[] array, int arrayIndex, int length) {
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, index, array, arrayIndex, length);
    }
  }
}
