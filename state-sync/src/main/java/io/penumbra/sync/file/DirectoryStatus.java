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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
    List<Kept> kept = new ArrayList<>();
    long oldest = LogBounds.oldest(directory.bounds());
    try (LogReader log = LogReader.open(directory)) {
      for (EpochRecord record : log.records()) {
        if (record.manifest().epoch() >= oldest) {
          kept.add(new Kept(record.manifest(), record.bytes()));
        }
      }
    }
    return new DirectoryStatus(identity.vm(), identity.layout(), kept, inUse(directory));
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
