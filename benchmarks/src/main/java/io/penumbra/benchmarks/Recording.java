package io.penumbra.benchmarks;

import io.penumbra.sync.epoch.PageView;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * A memory or disk image that changes as one recorded by {@code benchmarks/recordings/record} did.
 */
final class Recording implements AutoCloseable {

  static final int PAGE = 4096;

  /** Cuts are recorded four times a second; an epoch is a second. */
  static final int CUTS_PER_EPOCH = 4;

  private final Arena arena = Arena.ofShared();
  private final DataInputStream cuts;
  private final MemorySegment before;
  private final MemorySegment now;
  private final byte[] page = new byte[PAGE];
  private final int[][] changedInCut = new int[CUTS_PER_EPOCH][];

  private Recording(Path folder) throws IOException {
    try (FileChannel base = FileChannel.open(folder.resolve("base"))) {
      MemorySegment image = base.map(FileChannel.MapMode.READ_ONLY, 0, base.size(), arena);
      before = arena.allocate(image.byteSize(), 64);
      now = arena.allocate(image.byteSize(), 64);
      before.copyFrom(image);
      now.copyFrom(image);
    }
    cuts =
        new DataInputStream(
            new BufferedInputStream(Files.newInputStream(folder.resolve("cuts")), 1 << 20));
  }

  static Path folder(String name) {
    return Path.of(System.getProperty("user.home"), ".cache/penumbra/recordings", name);
  }

  static Recording open(String name) throws IOException {
    return new Recording(folder(name));
  }

  int pages() {
    return (int) (now.byteSize() / PAGE);
  }

  /** An image of that size as pages. */
  static PageView view(MemorySegment bytes) {
    return new Image(bytes);
  }

  PageView before() {
    return new Image(before);
  }

  PageView now() {
    return new Image(now);
  }

  MemorySegment beforeBytes() {
    return before;
  }

  MemorySegment nowBytes() {
    return now;
  }

  /** The pages recorded in one of the last epoch's cuts. */
  int[] changedInCut(int cut) {
    return changedInCut[cut];
  }

  /**
   * Goes on to the next epoch in which something changed, and returns the pages that differ; none
   * at the end of the recording.
   */
  int[] nextEpoch() {
    int[] changed = new int[0];
    while (changed.length == 0 && cutsAreLeft()) {
      changed = oneEpoch();
    }
    return changed;
  }

  private boolean cutsAreLeft() {
    try {
      return cuts.available() > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int[] oneEpoch() {
    before.copyFrom(now);
    BitSet changed = new BitSet();
    for (int cut = 0; cut < CUTS_PER_EPOCH; cut++) {
      if (!nextCut(cut)) {
        return new int[0];
      }
      for (int number : changedInCut[cut]) {
        changed.set(number);
      }
    }
    return changed.stream().filter(this::differs).toArray();
  }

  /** Goes on by one cut alone, which becomes the epoch's with this number; false at the end. */
  boolean nextCut(int cut) {
    try {
      if (cuts.available() == 0) {
        return false;
      }
      int[] pages = new int[Integer.reverseBytes(cuts.readInt())];
      for (int i = 0; i < pages.length; i++) {
        pages[i] = Integer.reverseBytes(cuts.readInt());
        cuts.readFully(page);
        MemorySegment.copy(page, 0, now, ValueLayout.JAVA_BYTE, (long) pages[i] * PAGE, PAGE);
      }
      changedInCut[cut] = pages;
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean differs(int number) {
    long at = (long) number * PAGE;
    return MemorySegment.mismatch(before, at, at + PAGE, now, at, at + PAGE) >= 0;
  }

  @Override
  public void close() throws IOException {
    cuts.close();
    arena.close();
  }

  private record Image(MemorySegment bytes) implements PageView {

    @Override
    public MemorySegment segment(int page) {
      return bytes;
    }

    @Override
    public long offset(int page) {
      return (long) page * PAGE;
    }

    @Override
    public int pages() {
      return (int) (bytes.byteSize() / PAGE);
    }
  }
}
