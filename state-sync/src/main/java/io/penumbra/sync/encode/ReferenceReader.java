package io.penumbra.sync.encode;

import java.util.Arrays;
import java.util.Optional;

/** What a section of references says, once it was found to make sense. */
final class ReferenceReader {

  private static final int NONE = -1;

  private final byte[] block;
  private final int bits;
  private final int[] kinds;
  private final int[] values;
  private int next;

  private ReferenceReader(byte[] block, BlockHeader header, int pages) {
    this.block = block;
    bits = header.referenceLength() == 0 ? 0 : BlockHeader.BYTES;
    next = BlockHeader.BYTES + (pages + 7) / 8;
    kinds = new int[pages];
    values = new int[pages];
    Arrays.fill(kinds, NONE);
  }

  /**
   * Reads the section.
   *
   * @param pages the block's pages
   * @param known how many pages the state before has
   */
  static Optional<ReferenceReader> read(byte[] block, BlockHeader header, int[] pages, int known) {
    ReferenceReader reader = new ReferenceReader(block, header, pages.length);
    if (reader.bits == 0) {
      return Optional.of(reader);
    }
    int end = BlockHeader.BYTES + header.referenceLength();
    for (int i = 0; i < pages.length; i++) {
      if (reader.bit(i) && !reader.entry(i, pages[i], header.alone() ? 0 : known, end)) {
        return Optional.empty();
      }
    }
    return reader.next == end ? Optional.of(reader) : Optional.empty();
  }

  /** The kind of reference that a page is, or -1. */
  int kind(int index) {
    return kinds[index];
  }

  boolean isNamed(int index) {
    return kinds[index] != NONE;
  }

  /** A page of the state before, a place in the block, or where in the block the name stands. */
  int value(int index) {
    return values[index];
  }

  private boolean bit(int index) {
    return (block[bits + index / 8] >>> (index % 8) & 1) == 1;
  }

  private boolean entry(int index, int page, int known, int end) {
    long number = 0;
    int shift = 0;
    int part;
    do {
      if (next >= end || shift > 35) {
        return false;
      }
      part = block[next];
      next++;
      number |= (part & 127L) << shift;
      shift += 7;
    } while (part < 0);
    kinds[index] = (int) number & 3;
    long value = number >>> 2;
    return switch (kinds[index]) {
      case ReferenceWriter.BEFORE -> before(index, page + (value >>> 1 ^ -(value & 1)), known);
      case ReferenceWriter.IN_BLOCK -> inBlock(index, value);
      case ReferenceWriter.SHARED -> shared(index, end);
      default -> false;
    };
  }

  private boolean before(int index, long like, int known) {
    values[index] = (int) like;
    return like >= 0 && like < known;
  }

  private boolean inBlock(int index, long earlier) {
    values[index] = (int) earlier;
    return earlier < index && !isNamed((int) earlier);
  }

  private boolean shared(int index, int end) {
    values[index] = next;
    next += ContentName.BYTES;
    return next <= end;
  }
}
