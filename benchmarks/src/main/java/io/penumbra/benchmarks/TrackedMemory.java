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

/**
 * The memory of a guest that stands still while it is held. Its writes go through here, so it can
 * tell which pages they touched; or it does not tell, and everything has to be compared.
 */
final class TrackedMemory implements StateSource {

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final StateLayout layout;
  private final boolean tracks;
  private final boolean glimpses;
  private final SplittableRandom random = new SplittableRandom(7);
  private BitSet dirty = new BitSet();

  /**
   * Memory full of random bytes.
   *
   * @param glimpses whether the engine may copy ahead of a hold; a few pages are then written
   *     between the two, as a guest would
   */
  TrackedMemory(long bytes, boolean tracks, boolean glimpses) {
    this.tracks = tracks;
    this.glimpses = glimpses;
    layout = StateLayout.of(new Region(RegionId.of("ram"), RegionKind.RAM, bytes));
    memory = arena.allocate(bytes, PageSize.BYTES);
    for (long at = 0; at < bytes; at += Long.BYTES) {
      memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
    dirty.set(0, layout.pages());
  }

  /** The guest writes 64 bytes in so many pages. */
  void write(int pages) {
    for (int i = 0; i < pages; i++) {
      long line = random.nextLong(memory.byteSize() / 64) * 64;
      for (int word = 0; word < 64; word += Long.BYTES) {
        memory.set(ValueLayout.JAVA_LONG, line + word, random.nextLong());
      }
      dirty.set((int) (line >>> PageSize.SHIFT));
    }
  }

  private Optional<BitSet> ask() {
    if (!tracks) {
      return Optional.empty();
    }
    BitSet named = dirty;
    dirty = new BitSet();
    return Optional.of(named);
  }

  @Override
  public StateLayout layout() {
    return layout;
  }

  @Override
  public Optional<Glimpse> glimpse() {
    if (!glimpses) {
      return Optional.empty();
    }
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
    if (glimpses) {
      write(20);
    }
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
      public void close() {}
    };
  }

  @Override
  public void close() {
    arena.close();
  }
}
