package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateLayout;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a receiver's directory holds, read beside a receiver at work or after one.
 *
 * @param kept epochs that can be restored, oldest first; empty while the first is arriving
 * @param inUse whether a receiver is at work
 */
public record DirectoryStatus(VmId vm, StateLayout layout, List<Kept> kept, boolean inUse) {

  public DirectoryStatus {
    kept = List.copyOf(kept);
  }

  /**
   * One epoch that can be restored.
   *
   * @param bytes on disk, for going back before it
   */
  public record Kept(EpochManifest manifest, long bytes) {}

  /** The newest epoch; empty while the first is arriving. */
  public Optional<EpochManifest> newest() {
    return kept.isEmpty() ? Optional.empty() : Optional.of(kept.getLast().manifest());
  }

  /**
   * Reads a directory.
   *
   * @throws BadInputException if no receiver has ever used it
   */
  public static DirectoryStatus read(Path root) throws IOException {
    StateDirectory directory = new StateDirectory(root);
    StateDirectory.Identity identity = identity(directory);
    SortedMap<Long, Kept> kept = new TreeMap<>();
    SortedMap<Long, Path> epochs = directory.epochFiles();
    for (Map.Entry<Long, Path> file : epochs.entrySet()) {
      keptIn(file.getValue()).ifPresent(found -> kept.put(file.getKey(), found));
    }
    // Committed, and not yet applied; older redo files say nothing that epoch files don't.
    long applied = epochs.isEmpty() ? 0 : epochs.lastKey();
    for (Map.Entry<Long, Path> file : directory.redoFiles().tailMap(applied + 1).entrySet()) {
      keptIn(file.getValue()).ifPresent(found -> kept.put(file.getKey(), found));
    }
    return new DirectoryStatus(
        identity.vm(), identity.layout(), new ArrayList<>(kept.values()), inUse(directory));
  }

  static StateDirectory.Identity identity(StateDirectory directory) throws IOException {
    return directory
        .identity()
        .orElseThrow(() ->
            new BadInputException(
                directory.root().toString(),
                "no copy is kept here",
                "Name the --dir of a 'penumbra sync receive'."));
  }

  private static Optional<Kept> keptIn(Path path) throws IOException {
    try {
      long bytes = Files.size(path);
      Optional<PageFile> opened = PageFile.open(path);
      if (opened.isEmpty()) {
        return Optional.empty();
      }
      try (PageFile file = opened.get()) {
        return Optional.of(new Kept(file.manifest(), bytes));
      }
    } catch (NoSuchFileException e) {
      // A receiver at work has just removed it.
      return Optional.empty();
    }
  }

  private static boolean inUse(StateDirectory directory) throws IOException {
    if (!Files.exists(directory.lock())) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(directory.lock(), WRITE);
        FileLock lock = channel.tryLock()) {
      return lock == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }
}
