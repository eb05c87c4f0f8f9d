package io.penumbra.benchmarks;

import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory of a guest that writes all the time at an even rate, on a thread of its own, and
 * stands still while it is held.
 */
final class WritingGuest implements StateSource {

  private static final long TICK_NANOS = 1_000_000;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final StateLayout layout;
  private final Kind kind;
  private final boolean tracks;
  private final int pagesPerSecond;
  private final ReentrantLock lock = new ReentrantLock();
  private final SplittableRandom random = new SplittableRandom(7);
  private final Thread writer = Thread.ofPlatform().unstarted(this::write);
  private BitSet dirty = new BitSet();
  private int next;
  private volatile boolean closed;

  /** What it writes. */
  enum Kind {
    /** Whole pages of noise, one after the other, as in filling memory or a disk. */
    FILLS,
    /** 64 bytes of noise in pages of a small set, over and over. */
    HOT
  }

  WritingGuest(long bytes, boolean tracks, Kind kind, int pagesPerSecond) {
    this.tracks = tracks;
    this.kind = kind;
    this.pagesPerSecond = pagesPerSecond;
    layout = StateLayout.of(new Region(RegionId.of("ram"), RegionKind.RAM, bytes));
    memory = arena.allocate(bytes, PageSize.BYTES);
    noise(0, bytes);
    dirty.set(0, layout.pages());
  }

  /** Begins to write. */
  void start() {
    writer.start();
  }

  private void write() {
    long start = System.nanoTime();
    long written = 0;
    while (!closed) {
      LockSupport.parkNanos(TICK_NANOS);
      long due = (long) ((System.nanoTime() - start) / 1e9 * pagesPerSecond);
      // What a long hold made it miss is not made up for.
      int count = (int) Math.min(due - written, pagesPerSecond / 20);
      written = due;
      lock.lock();
      try {
        for (int i = 0; i < count; i++) {
          writePage();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void writePage() {
    if (kind == Kind.FILLS) {
      next = (next + 1) % layout.pages();
      noise((long) next << PageSize.SHIFT, PageSize.BYTES);
    } else {
      // Each page of the set is written eight times a second.
      next = (next + 1) % Math.max(1, pagesPerSecond / 8);
      noise(((long) next << PageSize.SHIFT) + 64 * random.nextLong(64), 64);
    }
    dirty.set(next);
  }

  private void noise(long at, long bytes) {
    for (long word = 0; word < bytes; word += Long.BYTES) {
      memory.set(ValueLayout.JAVA_LONG, at + word, random.nextLong());
    }
  }

  private Optional<BitSet> ask() {
    if (!tracks) {
      return Optional.empty();
    }
    lock.lock();
    try {
      BitSet named = dirty;
      dirty = new BitSet();
      return Optional.of(named);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public StateLayout layout() {
    return layout;
  }

  @Override
  public Optional<Glimpse> between() {
    return Optional.of(
        new Glimpse() {
          @Override
          public Optional<MemorySegment> region(int region) {
            return Optional.of(memory);
          }

          @Override
          public Optional<BitSet> mayHaveChanged(int region) {
            return ask();
          }
        });
  }

  @Override
  public Hold hold() {
    lock.lock();
    return new Hold() {
      @Override
      public boolean still() {
        return true;
      }

      @Override
      public MemorySegment region(int region) {
        return memory;
      }

      @Override
      public Optional<BitSet> mayHaveChanged(int region) {
        return ask();
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
        lock.unlock();
      }
    };
  }

  @Override
  public void close() {
    closed = true;
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    arena.close();
  }
}
