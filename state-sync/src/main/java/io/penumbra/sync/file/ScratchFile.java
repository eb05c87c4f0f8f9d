package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.scan.SlotMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory of any size from a file without a name: the sender's copy of the last cut, and pages of
 * the next one. The file is gone with the process; the kernel keeps in memory what fits there.
 */
public final class ScratchFile implements SlotMemory, AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final FileChannel file;
  private long end;

  private ScratchFile(FileChannel file) {
    this.file = file;
  }

  /** Makes one; the directory should have room for the whole state. */
  public static ScratchFile in(Path directory) throws IOException {
    Path path = Files.createTempFile(directory, "penumbra-", ".scratch");
    FileChannel file = FileChannel.open(path, READ, WRITE);
    Files.delete(path);
    return new ScratchFile(file);
  }

  @Override
  public synchronized MemorySegment allocate(long bytes) {
    try {
      MemorySegment piece = file.map(MapMode.READ_WRITE, end, bytes, arena);
      end += bytes;
      return piece;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Memory for a whole state. */
  public RegionPages pages(StateLayout layout) {
    List<MemorySegment> regions = new ArrayList<>();
    for (int region = 0; region < layout.regions().size(); region++) {
      regions.add(allocate((long) layout.pagesIn(region) << PageSize.SHIFT));
    }
    return new RegionPages(layout, regions);
  }

  @Override
  public void close() throws IOException {
    arena.close();
    file.close();
  }
}
