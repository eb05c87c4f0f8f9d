package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.ArrayList;
import java.util.List;

/** The files with the newest epoch, one for each region: read as memory, written as files. */
final class ImageFiles implements AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final List<FileChannel> files = new ArrayList<>();
  private final StateLayout layout;
  private final RegionPages pages;

  private ImageFiles(StateDirectory directory, StateLayout layout) throws IOException {
    this.layout = layout;
    List<MemorySegment> regions = new ArrayList<>();
    for (Region region : layout.regions()) {
      FileChannel file = FileChannel.open(directory.image(region), CREATE, READ, WRITE);
      files.add(file);
      long bytes = StateDirectory.imageBytes(region);
      if (file.size() < bytes) {
        Durable.write(file, ByteBuffer.allocate(1), bytes - 1);
      }
      regions.add(file.map(MapMode.READ_ONLY, 0, bytes, arena));
    }
    pages = new RegionPages(layout, regions);
  }

  static ImageFiles open(StateDirectory directory, StateLayout layout) throws IOException {
    return new ImageFiles(directory, layout);
  }

  RegionPages view() {
    return pages;
  }

  StateLayout layout() {
    return layout;
  }

  boolean sameRegion(int page, int other) {
    return layout.regionOf(page) == layout.regionOf(other);
  }

  /** Overwrites pages that follow each other in one region. */
  void write(int page, int count, MemorySegment content, long offset) throws IOException {
    Durable.write(
        files.get(layout.regionOf(page)),
        content.asSlice(offset, (long) count << PageSize.SHIFT).asByteBuffer(),
        layout.offsetInRegion(page));
  }

  /** Makes all that was written before the call durable. Any thread may call it. */
  void force() throws IOException {
    for (FileChannel file : files) {
      file.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    arena.close();
    for (FileChannel file : files) {
      file.close();
    }
  }
}
