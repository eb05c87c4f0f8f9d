package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.domain.BadInputException;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Makes files of an epoch that a directory keeps: the image is copied, then what later epochs
 * replaced is put back, newest first, and every page's hash goes into the root that the epoch's
 * manifest must have. A receiver may be at work meanwhile: a page that it overwrites during the
 * copy is among what a later epoch replaced, so it is put back like the others.
 */
public final class ImageRestore {

  /** A receiver may remove files that are just being read; then it is begun again. */
  private static final int ATTEMPTS_MAX = 3;

  private final StateDirectory directory;
  private final StateDirectory.Identity identity;

  private ImageRestore(StateDirectory directory, StateDirectory.Identity identity) {
    this.directory = directory;
    this.identity = identity;
  }

  /**
   * Looks into a directory.
   *
   * @throws BadInputException if no copy is kept there
   */
  public static ImageRestore from(Path root) throws IOException {
    StateDirectory directory = new StateDirectory(root);
    return new ImageRestore(directory, DirectoryStatus.identity(directory));
  }

  public StateLayout layout() {
    return identity.layout();
  }

  /**
   * Writes one region of an epoch to a new file.
   *
   * @return the epoch's manifest, whose root the restored state has
   * @throws BadInputException if the epoch is not kept, or the file exists
   * @throws IOException if what is kept is damaged
   */
  public EpochManifest restore(long epoch, Region region, Path to) throws IOException {
    return restore(epoch, Map.of(region, to), to.resolveSibling(to.getFileName() + ".restoring"));
  }

  /**
   * Writes regions of an epoch to new files.
   *
   * @param work a directory that does not exist, for regions that are not wanted: the root is that
   *     of all
   * @return the epoch's manifest, whose root the restored state has
   * @throws BadInputException if the epoch is not kept, or a file exists
   * @throws IOException if what is kept is damaged
   */
  public EpochManifest restore(long epoch, Map<Region, Path> to, Path work) throws IOException {
    for (Path file : to.values()) {
      if (Files.exists(file)) {
        throw new BadInputException(
            file.toString(), "exists already", "Move it away, or choose another path.");
      }
    }
    Map<Region, Path> parts = new LinkedHashMap<>();
    for (Region region : layout().regions()) {
      // Beside the file, which may lie in another file system than the next one.
      parts.put(
          region,
          Optional.ofNullable(to.get(region))
              .map(file -> file.resolveSibling(file.getFileName() + ".part"))
              .orElseGet(() -> work.resolve(region.id().value())));
    }
    String why = "";
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      try {
        Files.createDirectories(work);
        EpochManifest manifest = manifest(epoch);
        StateRoot root = rebuild(epoch, List.copyOf(parts.values()));
        if (root.equals(manifest.root())) {
          for (Map.Entry<Region, Path> wanted : to.entrySet()) {
            Path part = Optional.ofNullable(parts.get(wanted.getKey())).orElseThrow();
            finish(part, wanted.getKey(), wanted.getValue());
          }
          return manifest;
        }
        why = "it comes out with root %s instead of %s".formatted(root, manifest.root());
      } catch (NoSuchFileException e) {
        why = e.getFile() + " was removed meanwhile";
      } finally {
        for (Path part : parts.values()) {
          Files.deleteIfExists(part);
        }
        remove(work);
      }
    }
    throw new IOException(
        "epoch %d can't be restored from %s: %s. An older or newer epoch may still be whole"
            .formatted(epoch, directory.root(), why));
  }

  private EpochManifest manifest(long epoch) throws IOException {
    DirectoryStatus status = DirectoryStatus.read(directory.root());
    return status.kept().stream()
        .map(DirectoryStatus.Kept::manifest)
        .filter(manifest -> manifest.epoch() == epoch)
        .findFirst()
        .orElseThrow(() ->
            new BadInputException(
                "epoch " + epoch,
                status.kept().isEmpty()
                    ? "is not kept, and no other is: the first is still arriving"
                    : "is not kept; kept are %d to %d"
                        .formatted(
                            status.kept().getFirst().manifest().epoch(),
                            status.kept().getLast().manifest().epoch()),
                "See 'penumbra sync status %s'.".formatted(directory.root())));
  }

  private StateRoot rebuild(long epoch, List<Path> parts) throws IOException {
    StateLayout layout = identity.layout();
    List<FileChannel> files = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      List<MemorySegment> regions = new ArrayList<>();
      for (int i = 0; i < parts.size(); i++) {
        Region region = layout.regions().get(i);
        FileChannel file =
            FileChannel.open(
                parts.get(i),
                Set.of(CREATE, READ, WRITE, TRUNCATE_EXISTING),
                // Whoever can read it reads the guest's memory.
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        files.add(file);
        copy(directory.image(region), file, StateDirectory.imageBytes(region));
        regions.add(file.map(MapMode.READ_ONLY, 0, StateDirectory.imageBytes(region), arena));
      }
      try (LogReader log = LogReader.open(directory)) {
        goForward(epoch, log, layout, files);
        goBack(epoch, log, layout, files);
      }
      RegionPages pages = new RegionPages(layout, regions);
      long[] hashes = new long[layout.pages()];
      IntStream.range(0, hashes.length)
          .parallel()
          .forEach(page -> hashes[page] = PageHash.of(pages, page));
      for (FileChannel file : files) {
        file.force(true);
      }
      return PageHashes.of(hashes).root();
    } finally {
      for (FileChannel file : files) {
        file.close();
      }
    }
  }

  /** Copies an image; holes stay holes. */
  private static void copy(Path image, FileChannel to, long bytes) throws IOException {
    try (FileChannel from = FileChannel.open(image, READ);
        Arena arena = Arena.ofShared()) {
      MemorySegment content = from.map(MapMode.READ_ONLY, 0, bytes, arena);
      MemorySegment zeros = arena.allocate(1 << 20, PageSize.BYTES);
      for (long at = 0; at < bytes; at += zeros.byteSize()) {
        long end = Math.min(bytes, at + zeros.byteSize());
        if (MemorySegment.mismatch(content, at, end, zeros, 0, end - at) >= 0) {
          Durable.write(to, content.asSlice(at, end - at).asByteBuffer(), at);
        }
      }
      if (to.size() < bytes) {
        Durable.write(to, ByteBuffer.allocate(1), bytes - 1);
      }
    }
  }

  /** What was committed up to the epoch, and may not have been in the image yet. */
  private void goForward(long epoch, LogReader log, StateLayout layout, List<FileChannel> files)
      throws IOException {
    long imageHolds = LogBounds.imageHolds(directory.bounds());
    MemorySegment page = Arena.ofAuto().allocate(PageSize.BYTES, Long.BYTES);
    for (EpochRecord record : log.records()) {
      if (record.manifest().epoch() > imageHolds && record.manifest().epoch() <= epoch) {
        for (int entry = 0; entry < record.count(); entry++) {
          require(record.readAfter(entry, page), record);
          write(record.page(entry), page, layout, files);
        }
      }
    }
  }

  /** What later epochs replaced, newest first. */
  private static void goBack(long epoch, LogReader log, StateLayout layout, List<FileChannel> files)
      throws IOException {
    MemorySegment page = Arena.ofAuto().allocate(PageSize.BYTES, Long.BYTES);
    for (EpochRecord record : log.records().reversed()) {
      if (record.manifest().epoch() > epoch) {
        for (int entry = 0; entry < record.count(); entry++) {
          require(record.readBefore(entry, page), record);
          write(record.page(entry), page, layout, files);
        }
      }
    }
  }

  private static void require(boolean good, EpochRecord record) throws IOException {
    if (!good) {
      throw new IOException(
          "epoch %d is damaged in the log; what it holds is lost"
              .formatted(record.manifest().epoch()));
    }
  }

  private static void write(
      int page, MemorySegment content, StateLayout layout, List<FileChannel> files)
      throws IOException {
    Durable.write(
        files.get(layout.regionOf(page)), content.asByteBuffer(), layout.offsetInRegion(page));
  }

  private static void finish(Path file, Region region, Path to) throws IOException {
    try (FileChannel whole = FileChannel.open(file, WRITE)) {
      whole.truncate(region.bytes());
      whole.force(true);
    }
    Durable.rename(file, to);
  }

  private static void remove(Path work) throws IOException {
    for (Path file : Durable.files(work)) {
      Files.delete(file);
    }
    Files.deleteIfExists(work);
  }
}
