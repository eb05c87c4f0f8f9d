package io.penumbra.sync.drift;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;

/**
 * What one comparison added to the log: pages that began to differ and pages that agree again. The
 * set of differing pages at any epoch follows from the entries up to it.
 */
public record DriftEntry(long epoch, BitSet appeared, BitSet healed) {

  /** A version byte, the epoch, and for both sets the number of runs. */
  private static final int HEADER_BYTES_MAX = 1 + 10 + 2 * 5;

  private static final byte VERSION = 1;

  public DriftEntry {
    appeared = (BitSet) appeared.clone();
    healed = (BitSet) healed.clone();
  }

  @Override
  public BitSet appeared() {
    return (BitSet) appeared.clone();
  }

  @Override
  public BitSet healed() {
    return (BitSet) healed.clone();
  }

  /**
   * Writes the entry: a version, the epoch, then for both sets the number of runs and, run by run,
   * how many pages lie before it and how long it is; all as variable-length integers of 7 bits a
   * byte, low bits first (LEB128).
   */
  public ByteBuffer encode() {
    int runs = runs(appeared) + runs(healed);
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES_MAX + runs * 10);
    out.put(VERSION);
    putVarint(out, epoch);
    putRuns(out, appeared);
    putRuns(out, healed);
    return out.flip();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @param pages how many the state has; an entry that names others is not one of this state
   * @return empty if it is cut short, of another version, or not an entry at all
   */
  public static Optional<DriftEntry> decode(ByteBuffer in, int pages) {
    try {
      if (in.get() != VERSION) {
        return Optional.empty();
      }
      long epoch = getVarint(in);
      DriftEntry entry = new DriftEntry(epoch, getRuns(in, pages), getRuns(in, pages));
      return in.hasRemaining() ? Optional.empty() : Optional.of(entry);
    } catch (BufferUnderflowException | MalformedEntryException e) {
      return Optional.empty();
    }
  }

  private static int runs(BitSet set) {
    int runs = 0;
    for (int start = set.nextSetBit(0); start >= 0; ) {
      runs++;
      start = set.nextSetBit(set.nextClearBit(start));
    }
    return runs;
  }

  private static void putRuns(ByteBuffer out, BitSet set) {
    putVarint(out, runs(set));
    int end = 0;
    for (int start = set.nextSetBit(0); start >= 0; start = set.nextSetBit(end)) {
      putVarint(out, start - end);
      end = set.nextClearBit(start);
      putVarint(out, end - start);
    }
  }

  private static BitSet getRuns(ByteBuffer in, int pages) throws MalformedEntryException {
    long runs = getVarint(in);
    BitSet set = new BitSet();
    long end = 0;
    for (long run = 0; run < runs; run++) {
      long start = end + getVarint(in);
      end = start + getVarint(in);
      if (start < 0 || end <= start || end > pages) {
        throw new MalformedEntryException();
      }
      set.set((int) start, (int) end);
    }
    return set;
  }

  private static void putVarint(ByteBuffer out, long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.put((byte) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static long getVarint(ByteBuffer in) throws MalformedEntryException {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new MalformedEntryException();
  }

  /** Stops the reading of something that is no entry. */
  private static final class MalformedEntryException extends Exception {

    private static final long serialVersionUID = 1;
  }
}
