package io.penumbra.sync.file;

import com.dynatrace.hash4j.hashing.Hashing;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.frame.ManifestBytes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;

/**
 * One epoch in the log: a header in a slot of 4 KiB, slots with the pages that it brings and with
 * what they replace, and an index behind them. A page that has changed little is replaced by its
 * changed words alone, see {@link PageUndo}. The header, written last, has the index's place and
 * its checksum, and the index has every page's hash before and after: a record that is not whole is
 * seen to be none.
 *
 * <p>Both directions are absolute: the page after the epoch is there as it is, and the page before
 * it follows from that alone, whatever else happened to the image.
 */
final class EpochRecord {

  /** Bytes of an entry in the index: page, slot, hash, hash before, place of the undo. */
  static final int ENTRY_BYTES = 32;

  static final int HEADER_BYTES = PageSize.BYTES;

  private static final long MAGIC = 0x504e45504f434831L;
  private static final int HEADER_USED = 48;

  private final FileChannel file;
  private final long start;
  private final long indexAt;
  private final EpochManifest manifest;
  private final ByteBuffer index;
  private final int count;
  private final long end;

  private EpochRecord(
      FileChannel file,
      long start,
      long indexAt,
      EpochManifest manifest,
      ByteBuffer index,
      int count,
      long end) {
    this.file = file;
    this.start = start;
    this.indexAt = indexAt;
    this.manifest = manifest;
    this.index = index;
    this.count = count;
    this.end = end;
  }

  /**
   * Reads header and index of the record that starts there; empty if there is no whole one, or if
   * its epoch is not beyond the given one: then it is left from an earlier use of the file.
   */
  static Optional<EpochRecord> at(FileChannel file, long start, long beyond) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_USED);
    if (!Durable.read(file, header, start)) {
      return Optional.empty();
    }
    long magic = header.getLong();
    long epoch = header.getLong();
    long indexAt = header.getLong();
    int length = header.getInt();
    int count = header.getInt();
    long indexCheck = header.getLong();
    long check = header.getLong();
    if (magic != MAGIC || epoch <= beyond || check != check(header.array(), HEADER_USED - 8)) {
      return Optional.empty();
    }
    ByteBuffer index = ByteBuffer.allocate(length);
    if (!Durable.read(file, index, indexAt) || check(index.array(), length) != indexCheck) {
      return Optional.empty();
    }
    byte[] manifest = new byte[length - count * ENTRY_BYTES];
    index.get(count * ENTRY_BYTES, manifest);
    return Optional.of(
        new EpochRecord(
            file,
            start,
            indexAt,
            ManifestBytes.read(manifest),
            index,
            count,
            roundUp(indexAt + length)));
  }

  static long roundUp(long bytes) {
    return PageSize.pagesFor(bytes) << PageSize.SHIFT;
  }

  /** The header of a record as bytes. */
  static ByteBuffer header(long epoch, long indexAt, byte[] index, int count) {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES);
    out.putLong(MAGIC).putLong(epoch).putLong(indexAt).putInt(index.length).putInt(count);
    out.putLong(check(index, index.length));
    out.putLong(check(out.array(), HEADER_USED - 8));
    return out.rewind();
  }

  private static long check(byte[] bytes, int length) {
    return Hashing.xxh3_64().hashBytesToLong(bytes, 0, length);
  }

  EpochManifest manifest() {
    return manifest;
  }

  /** Where the next record starts. */
  long end() {
    return end;
  }

  long bytes() {
    return end - start;
  }

  int count() {
    return count;
  }

  int page(int entry) {
    return index.getInt(entry * ENTRY_BYTES);
  }

  /** Reads a page as it is after the epoch; false if what is there is not that. */
  boolean readAfter(int entry, MemorySegment into) throws IOException {
    int slot = index.getInt(entry * ENTRY_BYTES + 4);
    return readSlot(slot, into) && PageHash.of(into, 0) == index.getLong(entry * ENTRY_BYTES + 8);
  }

  /** Reads a page as it was before the epoch; false if what is there is not that. */
  boolean readBefore(int entry, MemorySegment into) throws IOException {
    long undo = index.getLong(entry * ENTRY_BYTES + 24);
    boolean there =
        switch (PageUndo.kind(undo)) {
          case PageUndo.ZERO -> {
            into.fill((byte) 0);
            yield true;
          }
          case PageUndo.WHOLE -> readSlot(PageUndo.slot(undo), into);
          default -> readAfter(entry, into) && takeBack(undo, into);
        };
    return there && PageHash.of(into, 0) == index.getLong(entry * ENTRY_BYTES + 16);
  }

  private boolean takeBack(long undo, MemorySegment page) throws IOException {
    ByteBuffer words = ByteBuffer.allocate(PageUndo.length(undo));
    long at = start + ((long) PageUndo.slot(undo) << PageSize.SHIFT) + PageUndo.offset(undo);
    return Durable.read(file, words, at) && PageUndo.takeBack(words, page);
  }

  private boolean readSlot(int slot, MemorySegment into) throws IOException {
    long at = start + ((long) slot << PageSize.SHIFT);
    return at + PageSize.BYTES <= indexAt && Durable.read(file, into.asByteBuffer(), at);
  }

  /** Whether every page that it brings is there: what a crash cut short is not. */
  boolean isWhole(MemorySegment scratch) throws IOException {
    for (int entry = 0; entry < count; entry++) {
      if (!readAfter(entry, scratch)) {
        return false;
      }
    }
    return true;
  }

  /** Writes an entry of an index. */
  static void entry(ByteBuffer out, int page, int slot, long after, long before, long undo) {
    out.putInt(page).putInt(slot).putLong(after).putLong(before).putLong(undo);
  }

  /** Entries and manifest as bytes. */
  static byte[] index(ByteBuffer entries, EpochManifest manifest) {
    byte[] last = ManifestBytes.of(manifest);
    byte[] index = new byte[entries.remaining() + last.length];
    ByteBuffer.wrap(index).put(entries).put(last);
    return index;
  }
}
