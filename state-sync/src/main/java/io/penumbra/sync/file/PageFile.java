package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.READ;

import com.dynatrace.hash4j.hashing.Hashing;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.frame.ManifestBytes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Some pages of one epoch in a file: as redo file those that the epoch brings, as epoch file those
 * that it replaced. Contents come first, each in a slot of 4 KiB; then an index of page, slot and
 * hash, and the epoch's manifest; then a footer with the index's place and its checksum. A file
 * whose footer or index is not right is torn, and counts as not there.
 *
 * <p>Open for reading until closed; its memory is mapped.
 */
final class PageFile implements AutoCloseable {

  static final int FOOTER_BYTES = 32;
  static final int ENTRY_BYTES = 16;

  private static final long MAGIC = 0x504e425250414731L;

  private final Arena arena;
  private final MemorySegment contents;
  private final EpochManifest manifest;
  private final int[] pages;
  private final int[] slots;
  private final long[] hashes;

  private PageFile(
      Arena arena,
      MemorySegment contents,
      EpochManifest manifest,
      int[] pages,
      int[] slots,
      long[] hashes) {
    this.arena = arena;
    this.contents = contents;
    this.manifest = manifest;
    this.pages = pages;
    this.slots = slots;
    this.hashes = hashes;
  }

  /** Opens a file; empty if it is torn. */
  static Optional<PageFile> open(Path path) throws IOException {
    try (FileChannel file = FileChannel.open(path, READ)) {
      Optional<ByteBuffer> trailer = trailer(file);
      if (trailer.isEmpty()) {
        return Optional.empty();
      }
      ByteBuffer in = trailer.get();
      long trailerAt = file.size() - FOOTER_BYTES - in.remaining();
      int count = in.getInt();
      int[] pages = new int[count];
      int[] slots = new int[count];
      long[] hashes = new long[count];
      for (int i = 0; i < count; i++) {
        pages[i] = in.getInt();
        slots[i] = in.getInt();
        hashes[i] = in.getLong();
      }
      byte[] manifest = new byte[in.getInt()];
      in.get(manifest);
      EpochManifest read = ManifestBytes.read(manifest);
      Arena arena = Arena.ofShared();
      MemorySegment contents = file.map(MapMode.READ_ONLY, 0, trailerAt, arena);
      return Optional.of(new PageFile(arena, contents, read, pages, slots, hashes));
    }
  }

  private static Optional<ByteBuffer> trailer(FileChannel file) throws IOException {
    if (file.size() < FOOTER_BYTES) {
      return Optional.empty();
    }
    ByteBuffer footer = read(file, file.size() - FOOTER_BYTES, FOOTER_BYTES);
    long magic = footer.getLong();
    long at = footer.getLong();
    long length = footer.getLong();
    long check = footer.getLong();
    if (magic != MAGIC || at < 0 || length < 0 || at + length + FOOTER_BYTES != file.size()) {
      return Optional.empty();
    }
    ByteBuffer trailer = read(file, at, (int) length);
    return check(trailer) == check ? Optional.of(trailer) : Optional.empty();
  }

  private static ByteBuffer read(FileChannel file, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && file.read(bytes, at + bytes.position()) >= 0) {
      // Until it is full, or the file ends: then the checksum will tell.
    }
    return bytes.rewind();
  }

  private static long check(ByteBuffer trailer) {
    byte[] bytes = new byte[trailer.limit()];
    trailer.get(0, bytes);
    return Hashing.xxh3_64().hashBytesToLong(bytes);
  }

  /** Index, manifest and footer as bytes to be written behind the contents. */
  static ByteBuffer ending(
      long contentBytes, EpochManifest manifest, int[] pages, int[] slots, long[] hashes) {
    byte[] manifestBytes = ManifestBytes.of(manifest);
    int length = 2 * Integer.BYTES + pages.length * ENTRY_BYTES + manifestBytes.length;
    ByteBuffer out = ByteBuffer.allocate(length + FOOTER_BYTES);
    out.putInt(pages.length);
    for (int i = 0; i < pages.length; i++) {
      out.putInt(pages[i]).putInt(slots[i]).putLong(hashes[i]);
    }
    out.putInt(manifestBytes.length).put(manifestBytes);
    long check = Hashing.xxh3_64().hashBytesToLong(out.array(), 0, length);
    return out.putLong(MAGIC).putLong(contentBytes).putLong(length).putLong(check).flip();
  }

  EpochManifest manifest() {
    return manifest;
  }

  int count() {
    return pages.length;
  }

  int page(int index) {
    return pages[index];
  }

  long hash(int index) {
    return hashes[index];
  }

  int slot(int index) {
    return slots[index];
  }

  /** All slots. */
  MemorySegment contents() {
    return contents;
  }

  /** Where a page's content starts. */
  long offset(int index) {
    return (long) slots[index] << PageSize.SHIFT;
  }

  @Override
  public void close() {
    arena.close();
  }
}
