package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageSize;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a {@link PageFile}: contents as they come, the rest at the end. */
final class PageFileWriter implements AutoCloseable {

  /** So many pages are written at a time. */
  private static final int BUFFERED_PAGES = 64;

  private final Path path;
  private final FileChannel file;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFERED_PAGES * PageSize.BYTES);
  private long written;
  private int slots;

  private PageFileWriter(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  static PageFileWriter create(Path path) throws IOException {
    return new PageFileWriter(path, FileChannel.open(path, CREATE, WRITE, TRUNCATE_EXISTING));
  }

  /** Appends a page's content and returns its slot. */
  int append(MemorySegment content, long offset) throws IOException {
    buffer.put(content.asSlice(offset, PageSize.BYTES).asByteBuffer());
    if (!buffer.hasRemaining()) {
      flush();
    }
    return slots++;
  }

  private void flush() throws IOException {
    buffer.flip();
    int bytes = buffer.remaining();
    Durable.write(file, buffer, written);
    written += bytes;
    buffer.clear();
  }

  /** Ends it, makes it durable and gives it its name. */
  void finish(EpochManifest manifest, int[] pages, int[] slotOf, long[] hashes, Path name)
      throws IOException {
    flush();
    Durable.write(file, PageFile.ending(written, manifest, pages, slotOf, hashes), written);
    file.force(true);
    file.close();
    Durable.rename(path, name);
  }

  /** Gives it up. */
  @Override
  public void close() throws IOException {
    if (file.isOpen()) {
      file.close();
      Files.deleteIfExists(path);
    }
  }
}
