package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Keeps a VM's state in a directory, see {@code StateDirectory} for its files.
 *
 * <p>An epoch is committed when its record in the log is durable; that is one write and one
 * fdatasync before the ack, and the only ones. Applying it comes after, and overwrites the image:
 * what that replaces is in the record as well. A crash anywhere in between is mended at the next
 * start, by doing again what the log says, in order: that gives the same image however often it is
 * done. The image itself is forced now and then, beside the receiver's work, and only after that
 * its epochs are no longer done again.
 */
public final class DirectorySink implements StateSink {

  private static final int LOCK_ATTEMPTS = 10;
  private static final Duration LOCK_PAUSE = Duration.ofMillis(50);

  private final StateDirectory directory;
  private final Retention retention;
  private final FileChannel lock;
  private Optional<Open> open = Optional.empty();
  private Optional<EpochManifest> newest = Optional.empty();
  private Optional<Long> unapplied = Optional.empty();

  private DirectorySink(StateDirectory directory, Retention retention, FileChannel lock) {
    this.directory = directory;
    this.retention = retention;
    this.lock = lock;
  }

  /**
   * Takes possession of a directory, and makes it if there is none.
   *
   * @throws IllegalStateException if another receiver has it
   */
  public static DirectorySink on(Path root, Retention retention) throws IOException {
    StateDirectory directory = new StateDirectory(root);
    Files.createDirectories(directory.logs());
    FileChannel lock = FileChannel.open(directory.lock(), CREATE, WRITE);
    if (!owns(lock)) {
      lock.close();
      throw new IllegalStateException(
          "%s is in use; maybe another receiver keeps a copy there".formatted(root));
    }
    return new DirectorySink(directory, retention, lock);
  }

  /** Tries for a while: somebody who asks for the status holds the lock for a moment. */
  private static boolean owns(FileChannel lock) throws IOException {
    for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      try {
        if (lock.tryLock() != null) {
          return true;
        }
      } catch (OverlappingFileLockException e) {
        return false;
      }
      LockSupport.parkNanos(LOCK_PAUSE.toNanos());
    }
    return false;
  }

  @Override
  public Opening open(VmId vm, StateLayout layout) throws IOException {
    Optional<String> refusal = attach(vm, layout);
    return refusal.isPresent()
        ? new Opening.Refused(refusal.get())
        : new Opening.Opened(newest, hashes(open.orElseThrow().image().view()));
  }

  /**
   * As {@link #open} for one who wants the newest epoch at once and no hashes: the images are not
   * read.
   *
   * @return why not; empty if it is open
   */
  public Optional<String> attach(VmId vm, StateLayout layout) throws IOException {
    Optional<StateDirectory.Identity> kept = directory.identity();
    if (kept.isPresent() && !kept.get().vm().equals(vm)) {
      return Optional.of(
          "%s keeps '%s', not '%s'; choose another --dir for it"
              .formatted(directory.root(), kept.get().vm(), vm));
    }
    if (kept.isPresent() && !kept.get().layout().equals(layout)) {
      return Optional.of(
          "%s keeps %s, and what comes is %s; an image that changed its size needs a new --dir"
              .formatted(directory.root(), kept.get().layout().regions(), layout.regions()));
    }
    if (kept.isEmpty()) {
      directory.writeIdentity(vm, layout);
    }
    directory.sweep();
    ImageFiles image = ImageFiles.open(directory, layout);
    LogBounds bounds = LogBounds.open(directory.bounds());
    try (LogReader reader = LogReader.open(directory)) {
      int whole = recover(reader.records(), bounds, image);
      Optional<Long> goal = directory.goal();
      if (goal.isPresent()) {
        takeBack(goal.get(), reader, whole, image, bounds);
      }
    }
    try (LogReader reader = LogReader.open(directory)) {
      int whole = recover(reader.records(), bounds, image);
      if (whole > 0) {
        newest = Optional.of(reader.records().get(whole - 1).manifest());
      }
      open =
          Optional.of(
              new Open(
                  image,
                  bounds,
                  EpochLog.after(reader, whole, directory, retention, bounds),
                  new EpochWriter(image.view(), layout.pages()),
                  new ImageFlush(image, bounds)));
    }
    return Optional.empty();
  }

  /** Does again what was committed and may not be in the image; returns how many were whole. */
  private static int recover(List<EpochRecord> records, LogBounds bounds, ImageFiles image)
      throws IOException {
    MemorySegment page = Arena.ofAuto().allocate(PageSize.BYTES, Long.BYTES);
    for (int i = 0; i < records.size(); i++) {
      EpochRecord record = records.get(i);
      if (record.manifest().epoch() <= bounds.imageHolds()) {
        continue;
      }
      if (!record.isWhole(page)) {
        if (i < records.size() - 1) {
          throw new IOException(
              "epoch %d is damaged in the log; the disk may be failing. Receive into a new --dir"
                  .formatted(record.manifest().epoch()));
        }
        // It was being written when the power went, and nobody was told that it is there.
        return i;
      }
      for (int entry = 0; entry < record.count(); entry++) {
        if (record.readAfter(entry, page)) {
          image.write(record.page(entry), 1, page, 0);
        }
      }
    }
    if (!records.isEmpty() && records.getLast().manifest().epoch() > bounds.imageHolds()) {
      image.force();
      bounds.imageHolds(records.getLast().manifest().epoch());
    }
    return records.size();
  }

  private static PageHashes hashes(RegionPages view) {
    long[] hashes = new long[view.layout().pages()];
    IntStream.range(0, hashes.length)
        .parallel()
        .forEach(page -> hashes[page] = PageHash.of(view, page));
    return PageHashes.of(hashes);
  }

  @Override
  public PageView view() {
    return open.orElseThrow().image().view();
  }

  @Override
  public void stage(int page, MemorySegment content, long offset, long hash) throws IOException {
    Open parts = open.orElseThrow();
    if (newest.isEmpty()) {
      parts.image().write(page, 1, content, offset);
      return;
    }
    if (parts.writer().isEmpty() && parts.log().isFull()) {
      // The image has all epochs of the file that is full, and is forced beside our work.
      parts.flush().begin(newest.get().epoch());
      parts.log().nextFile();
    }
    parts.writer().stage(parts.log(), page, content, offset, hash);
  }

  @Override
  public void mend(int page, MemorySegment content, long offset, long hash) throws IOException {
    open.orElseThrow().image().write(page, 1, content, offset);
  }

  @Override
  public void unstage(int page) {
    open.orElseThrow().writer().unstage(page);
  }

  @Override
  public void discard() {
    open.ifPresent(parts -> parts.writer().clear());
  }

  @Override
  public void commit(EpochManifest manifest) throws IOException {
    Open parts = open.orElseThrow();
    if (newest.isEmpty()) {
      parts.image().force();
      Durable.forceDirectory(directory.root());
    }
    long start = parts.log().end();
    long end = parts.writer().finish(parts.log(), manifest);
    parts.log().appended(manifest, end);
    if (newest.isEmpty()) {
      parts.bounds().imageHolds(manifest.epoch());
    }
    newest = Optional.of(manifest);
    unapplied = Optional.of(start);
  }

  @Override
  public void apply() throws IOException {
    if (unapplied.isEmpty()) {
      return;
    }
    Open parts = open.orElseThrow();
    parts.writer().apply(parts.log().file(), unapplied.get(), parts.image());
    parts.writer().clear();
    unapplied = Optional.empty();
  }

  /**
   * Goes back to an epoch that is kept, in place; the later ones are forgotten. A crash in the
   * middle is mended at the next start, by going back again.
   *
   * @throws IOException if it is not kept
   */
  public EpochManifest goBack(long epoch) throws IOException {
    Open parts = open.orElseThrow();
    discard();
    apply();
    parts.flush().close();
    try (LogReader reader = LogReader.open(directory)) {
      List<Long> kept = reader.records().stream().map(record -> record.manifest().epoch()).toList();
      if (!kept.contains(epoch) || epoch < parts.bounds().oldest()) {
        throw new IOException(
            "epoch %d is not kept in %s; kept are %s".formatted(epoch, directory.root(), kept));
      }
      directory.writeGoal(epoch);
      parts.log().close();
      takeBack(epoch, reader, reader.records().size(), parts.image(), parts.bounds());
    }
    try (LogReader reader = LogReader.open(directory)) {
      int count = reader.records().size();
      EpochLog log = EpochLog.after(reader, count, directory, retention, parts.bounds());
      open = Optional.of(parts.with(log));
      newest = Optional.of(reader.records().getLast().manifest());
    }
    return newest.orElseThrow();
  }

  /** Puts back what epochs after the goal replaced, then removes them from the log. */
  private void takeBack(long goal, LogReader reader, int whole, ImageFiles image, LogBounds bounds)
      throws IOException {
    MemorySegment page = Arena.ofAuto().allocate(PageSize.BYTES, Long.BYTES);
    for (EpochRecord record : reader.records().subList(0, whole).reversed()) {
      if (record.manifest().epoch() <= goal) {
        break;
      }
      for (int entry = 0; entry < record.count(); entry++) {
        if (!record.readBefore(entry, page)) {
          throw new IOException(
              "epoch %d is damaged in the log; there is no way back before it"
                  .formatted(record.manifest().epoch()));
        }
        image.write(record.page(entry), 1, page, 0);
      }
    }
    image.force();
    bounds.imageHolds(goal);
    reader.removeAfter(goal, directory);
    directory.clearGoal();
  }

  /** The newest durable epoch; empty while the first arrives. */
  public Optional<EpochManifest> newest() {
    return newest;
  }

  /** The live bytes of one region, padded to whole pages; valid until this is closed. */
  public MemorySegment region(int region) {
    return open.orElseThrow().image().view().region(region);
  }

  @Override
  public void close() throws IOException {
    if (open.isPresent()) {
      open.get().close();
    }
    lock.close();
  }

  /** What is there once it is known which VM is kept. */
  private record Open(
      ImageFiles image, LogBounds bounds, EpochLog log, EpochWriter writer, ImageFlush flush)
      implements AutoCloseable {

    Open with(EpochLog other) {
      return new Open(image, bounds, other, writer, flush);
    }

    @Override
    public void close() throws IOException {
      flush.close();
      log.close();
      bounds.close();
      image.close();
    }
  }
}
