package io.penumbra.sync.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Keeps a VM's state in a directory, see {@code StateDirectory} for its files.
 *
 * <p>An epoch is committed when its redo file is durable under its name; that is one write and one
 * force before the ack. Applying it comes after: first the pages it replaces are made durable in
 * the epoch file, then the image is overwritten. A crash anywhere in between is mended at the next
 * start, by doing again what the redo files say, in order: that gives the same image however often
 * it is done. The image itself is forced only now and then, and only then redo files are removed.
 */
public final class DirectorySink implements StateSink {

  /** Redo files are removed when they have grown to this. */
  private static final long REDO_BYTES_MAX = 256L << 20;

  private static final int REDO_FILES_MAX = 64;
  private static final int LOCK_ATTEMPTS = 10;
  private static final Duration LOCK_PAUSE = Duration.ofMillis(50);

  private final StateDirectory directory;
  private final Retention retention;
  private final FileChannel lock;
  private final Arena arena = Arena.ofShared();
  private final List<FileChannel> images = new ArrayList<>();
  private Optional<RegionPages> pages = Optional.empty();
  private Optional<EpochManifest> newest = Optional.empty();
  private Optional<PageFileWriter> next = Optional.empty();
  private int[] stagedSlots = {};
  private long[] stagedHashes = {};
  private Optional<Long> unapplied = Optional.empty();
  private long redoBytes;
  private int redoFiles;

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
    Files.createDirectories(directory.epochs());
    Files.createDirectories(directory.redos());
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
    Optional<StateDirectory.Identity> kept = directory.identity();
    if (kept.isPresent() && !kept.get().vm().equals(vm)) {
      return new Opening.Refused(
          "%s keeps '%s', not '%s'; choose another --dir for it"
              .formatted(directory.root(), kept.get().vm(), vm));
    }
    if (kept.isPresent() && !kept.get().layout().equals(layout)) {
      return new Opening.Refused(
          "%s keeps %s, and what comes is %s; an image that changed its size needs a new --dir"
              .formatted(directory.root(), kept.get().layout().regions(), layout.regions()));
    }
    if (kept.isEmpty()) {
      directory.writeIdentity(vm, layout);
    }
    directory.sweep();
    mapImages(layout);
    stagedSlots = new int[layout.pages()];
    stagedHashes = new long[layout.pages()];
    Arrays.fill(stagedSlots, -1);
    recover();
    return new Opening.Opened(newest, hashes(layout));
  }

  private void mapImages(StateLayout layout) throws IOException {
    List<MemorySegment> regions = new ArrayList<>();
    for (Region region : layout.regions()) {
      FileChannel image = FileChannel.open(directory.image(region), CREATE, READ, WRITE);
      images.add(image);
      long bytes = StateDirectory.imageBytes(region);
      if (image.size() < bytes) {
        Durable.write(image, ByteBuffer.allocate(1), bytes - 1);
      }
      regions.add(image.map(MapMode.READ_ONLY, 0, bytes, arena));
    }
    pages = Optional.of(new RegionPages(layout, regions));
  }

  /** Does again what was committed and may not be in the image. */
  private void recover() throws IOException {
    Optional<Long> goal = directory.goal();
    if (goal.isPresent()) {
      finishGoingBack(goal.get());
    }
    SortedMap<Long, Path> epochs = directory.epochFiles();
    if (!epochs.isEmpty()) {
      try (PageFile file = require(directory.epoch(epochs.lastKey()))) {
        newest = Optional.of(file.manifest());
      }
    }
    for (Map.Entry<Long, Path> redo : directory.redoFiles().entrySet()) {
      try (PageFile file = require(redo.getValue())) {
        redoBytes += file.contents().byteSize();
        redoFiles++;
        newest = Optional.of(file.manifest());
        apply(file);
      }
    }
    if (redoFiles > 0) {
      checkpoint();
    }
  }

  private static PageFile require(Path path) throws IOException {
    return PageFile.open(path)
        .orElseThrow(() ->
            new IOException(
                path + " is damaged; the disk may be failing. Receive into a new --dir"));
  }

  private PageHashes hashes(StateLayout layout) {
    RegionPages view = pages.orElseThrow();
    long[] hashes = new long[layout.pages()];
    IntStream.range(0, hashes.length)
        .parallel()
        .forEach(page -> hashes[page] = PageHash.of(view, page));
    return PageHashes.of(hashes);
  }

  @Override
  public PageView view() {
    return pages.orElseThrow();
  }

  @Override
  public void stage(int page, MemorySegment content, long offset, long hash) throws IOException {
    if (newest.isEmpty()) {
      writeImage(page, 1, content, offset);
      return;
    }
    if (next.isEmpty()) {
      next = Optional.of(PageFileWriter.create(directory.next()));
    }
    stagedSlots[page] = next.get().append(content, offset);
    stagedHashes[page] = hash;
  }

  @Override
  public void unstage(int page) {
    stagedSlots[page] = -1;
  }

  @Override
  public void discard() throws IOException {
    Arrays.fill(stagedSlots, -1);
    if (next.isPresent()) {
      next.get().close();
      next = Optional.empty();
    }
  }

  @Override
  public void commit(EpochManifest manifest) throws IOException {
    if (newest.isEmpty()) {
      commitFirst(manifest);
      return;
    }
    if (next.isEmpty()) {
      next = Optional.of(PageFileWriter.create(directory.next()));
    }
    int[] staged =
        IntStream.range(0, stagedSlots.length).filter(i -> stagedSlots[i] >= 0).toArray();
    int[] slots = new int[staged.length];
    long[] hashes = new long[staged.length];
    for (int i = 0; i < staged.length; i++) {
      slots[i] = stagedSlots[staged[i]];
      hashes[i] = stagedHashes[staged[i]];
      stagedSlots[staged[i]] = -1;
    }
    next.get().finish(manifest, staged, slots, hashes, directory.redo(manifest.epoch()));
    next = Optional.empty();
    newest = Optional.of(manifest);
    unapplied = Optional.of(manifest.epoch());
  }

  private void commitFirst(EpochManifest manifest) throws IOException {
    for (FileChannel image : images) {
      image.force(true);
    }
    Durable.forceDirectory(directory.root());
    Path part = directory.epochs().resolve("first.part");
    try (PageFileWriter writer = PageFileWriter.create(part)) {
      writer.finish(
          manifest, new int[0], new int[0], new long[0], directory.epoch(manifest.epoch()));
    }
    newest = Optional.of(manifest);
  }

  @Override
  public void apply() throws IOException {
    if (unapplied.isEmpty()) {
      return;
    }
    try (PageFile redo = require(directory.redo(unapplied.get()))) {
      apply(redo);
      redoBytes += redo.contents().byteSize();
      redoFiles++;
    }
    unapplied = Optional.empty();
    if (redoBytes > REDO_BYTES_MAX || redoFiles > REDO_FILES_MAX) {
      checkpoint();
    }
    retire();
  }

  private void apply(PageFile redo) throws IOException {
    Path epochFile = directory.epoch(redo.manifest().epoch());
    // Once it is there the image may be overwritten in part: then what it replaced is only there.
    if (!Files.exists(epochFile)) {
      keepReplaced(redo, epochFile);
    }
    int from = 0;
    while (from < redo.count()) {
      int run = 1;
      while (from + run < redo.count() && follows(redo, from, run)) {
        run++;
      }
      writeImage(redo.page(from), run, redo.contents(), redo.offset(from));
      from += run;
    }
  }

  /** Whether a page lies right behind the run that started, in the image and in the file. */
  private boolean follows(PageFile redo, int from, int run) {
    StateLayout layout = pages.orElseThrow().layout();
    return redo.page(from + run) == redo.page(from) + run
        && redo.slot(from + run) == redo.slot(from) + run
        && layout.regionOf(redo.page(from)) == layout.regionOf(redo.page(from + run));
  }

  private void keepReplaced(PageFile redo, Path epochFile) throws IOException {
    RegionPages view = pages.orElseThrow();
    int[] replaced = new int[redo.count()];
    int[] slots = new int[redo.count()];
    long[] hashes = new long[redo.count()];
    Path part = epochFile.resolveSibling(epochFile.getFileName() + ".part");
    try (PageFileWriter writer = PageFileWriter.create(part)) {
      for (int i = 0; i < replaced.length; i++) {
        replaced[i] = redo.page(i);
        hashes[i] = PageHash.of(view, replaced[i]);
        slots[i] = writer.append(view.segment(replaced[i]), view.offset(replaced[i]));
      }
      writer.finish(redo.manifest(), replaced, slots, hashes, epochFile);
    }
  }

  private void writeImage(int page, int count, MemorySegment content, long offset)
      throws IOException {
    StateLayout layout = pages.orElseThrow().layout();
    Durable.write(
        images.get(layout.regionOf(page)),
        content.asSlice(offset, (long) count << PageSize.SHIFT).asByteBuffer(),
        layout.offsetInRegion(page));
  }

  /** From here on the image alone holds the newest epoch, so redo files are of no more use. */
  private void checkpoint() throws IOException {
    for (FileChannel image : images) {
      image.force(true);
    }
    for (Path redo : directory.redoFiles().values()) {
      Files.delete(redo);
    }
    redoBytes = 0;
    redoFiles = 0;
  }

  /**
   * Goes back to an epoch that is kept, in place; the later ones are forgotten. A crash in the
   * middle is mended at the next start, by going back again.
   *
   * @throws IOException if it is not kept
   */
  public EpochManifest goBack(long epoch) throws IOException {
    discard();
    apply();
    if (!directory.epochFiles().containsKey(epoch)) {
      throw new IOException(
          "epoch %d is not kept in %s; kept are %s"
              .formatted(epoch, directory.root(), directory.epochFiles().keySet()));
    }
    checkpoint();
    directory.writeGoal(epoch);
    return finishGoingBack(epoch);
  }

  private EpochManifest finishGoingBack(long epoch) throws IOException {
    List<Path> later = directory.epochFiles().tailMap(epoch + 1).values().stream().toList();
    for (Path file : later.reversed()) {
      try (PageFile replaced = require(file)) {
        for (int i = 0; i < replaced.count(); i++) {
          writeImage(replaced.page(i), 1, replaced.contents(), replaced.offset(i));
        }
      }
    }
    for (FileChannel image : images) {
      image.force(true);
    }
    // Newest first: what is left after a crash still leads to the same image.
    for (Path file : later.reversed()) {
      Files.delete(file);
    }
    directory.clearGoal();
    try (PageFile file = require(directory.epoch(epoch))) {
      newest = Optional.of(file.manifest());
    }
    return newest.orElseThrow();
  }

  /** The newest durable epoch; empty while the first arrives. */
  public Optional<EpochManifest> newest() {
    return newest;
  }

  /** The live bytes of one region, padded to whole pages; valid until this is closed. */
  public MemorySegment region(int region) {
    return pages.orElseThrow().region(region);
  }

  /** Forgets the oldest epochs beyond what is to be kept. */
  private void retire() throws IOException {
    SortedMap<Long, Path> epochs = directory.epochFiles();
    long bytes = 0;
    for (Path file : epochs.values()) {
      bytes += Files.size(file);
    }
    while (epochs.size() > 1
        && (epochs.size() > retention.epochsMax() || bytes > retention.bytesMax())) {
      Path oldest = directory.epoch(epochs.firstKey());
      bytes -= Files.size(oldest);
      Files.delete(oldest);
      epochs.remove(epochs.firstKey());
    }
  }

  @Override
  public void close() throws IOException {
    discard();
    for (FileChannel image : images) {
      image.close();
    }
    arena.close();
    lock.close();
  }
}
