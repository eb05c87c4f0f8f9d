package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.READ;

import io.penumbra.domain.BadInputException;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Images, block devices and RAM files that other processes write, mapped so that what they write is
 * seen at once. What consistency a cut of them has is told by {@link
 * io.penumbra.sync.epoch.Consistency}: quiesced if the hook made writers quiet, stable if two
 * passes agreed, else page by page. They must keep their size.
 */
public final class LiveFiles implements StateSource {

  private final Arena arena = Arena.ofShared();
  private final List<Path> paths;
  private final List<FileChannel> files;
  private final List<MemorySegment> regions;
  private final List<Optional<FileData>> data = new ArrayList<>();
  private final StateLayout layout;
  private final QuietHook hook;

  private LiveFiles(List<Path> paths, List<FileChannel> files, StateLayout layout, QuietHook hook)
      throws IOException {
    this.paths = paths;
    this.files = files;
    this.layout = layout;
    this.hook = hook;
    List<MemorySegment> mapped = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      long bytes = layout.regions().get(i).bytes();
      mapped.add(files.get(i).map(MapMode.READ_ONLY, 0, bytes, arena));
      data.add(FileData.of(paths.get(i), bytes));
    }
    regions = mapped;
  }

  /**
   * Opens files as the regions of one VM, named after the files.
   *
   * @throws BadInputException if one is missing, empty or no file
   */
  public static LiveFiles open(List<Path> paths, RegionKind kind, QuietHook hook)
      throws IOException {
    Map<Path, FileChannel> files = new LinkedHashMap<>();
    List<Region> regions = new ArrayList<>();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        throw new BadInputException(
            path.toString(), "is a directory; expected a file or a block device", "");
      }
      FileChannel file = FileChannel.open(path, READ);
      files.put(path, file);
      if (file.size() == 0) {
        throw new BadInputException(
            path.toString(), "is empty; expected an image", "Create it at its full size first.");
      }
      regions.add(new Region(name(path), kind, file.size()));
    }
    return new LiveFiles(
        List.copyOf(paths), List.copyOf(files.values()), new StateLayout(regions), hook);
  }

  private static RegionId name(Path path) {
    String name = String.valueOf(path.getFileName()).replaceAll("[^A-Za-z0-9._-]", "_");
    return RegionId.of(name.startsWith(".") ? "_" + name : name);
  }

  @Override
  public StateLayout layout() {
    return layout;
  }

  @Override
  public Hold hold() {
    checkSizes();
    return new Held(hook.quiet());
  }

  /** Everything has to be compared, so this is not for free. */
  @Override
  public Optional<Glimpse> between() {
    checkSizes();
    return Optional.of(
        new Glimpse() {
          @Override
          public Optional<MemorySegment> region(int region) {
            return Optional.of(regions.get(region));
          }

          @Override
          public Optional<BitSet> mayHaveChanged(int region) {
            return Optional.empty();
          }

          @Override
          public Optional<BitSet> mayHoldData(int region) {
            return data.get(region).flatMap(FileData::pages);
          }
        });
  }

  /** Reading a mapped file beyond its end kills; so look before, as well as one can. */
  private void checkSizes() {
    for (int i = 0; i < files.size(); i++) {
      long expected = layout.regions().get(i).bytes();
      try {
        if (files.get(i).size() != expected) {
          throw new BadInputException(
              paths.get(i).toString(),
              "has %,d bytes now; it had %,d at the start".formatted(files.get(i).size(), expected),
              "An image must keep its size. Start again, into a new directory.");
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    arena.close();
    data.forEach(map -> map.ifPresent(FileData::close));
    for (FileChannel file : files) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** One moment. */
  private final class Held implements Hold {

    private final boolean still;

    Held(boolean still) {
      this.still = still;
    }

    @Override
    public boolean still() {
      return still;
    }

    @Override
    public MemorySegment region(int region) {
      return regions.get(region);
    }

    @Override
    public Optional<BitSet> mayHaveChanged(int region) {
      return Optional.empty();
    }

    @Override
    public Optional<BitSet> mayHoldData(int region) {
      return data.get(region).flatMap(FileData::pages);
    }

    @Override
    public long requestLogPosition() {
      return 0;
    }

    @Override
    public HealthSnapshot health() {
      return HealthSnapshot.UNKNOWN;
    }

    @Override
    public void close() {
      hook.goOn();
    }
  }
}
