package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** A guest whose memory is an array here; tells what it is asked to tell. */
final class MemorySource implements StateSource {

  final List<MemorySegment> regions;
  boolean still = true;
  Optional<BitSet> tracked = Optional.empty();
  private final StateLayout layout;

  MemorySource(StateLayout layout) {
    this.layout = layout;
    regions =
        layout.regions().stream()
            .map(region -> Arena.ofAuto().allocate(region.bytes(), Long.BYTES))
            .toList();
  }

  @Override
  public StateLayout layout() {
    return layout;
  }

  @Override
  public Hold hold() {
    return new Hold() {
      @Override
      public boolean still() {
        return still;
      }

      @Override
      public MemorySegment region(int region) {
        return regions.get(region);
      }

      @Override
      public Optional<BitSet> mayHaveChanged() {
        return tracked;
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
  public void close() {}
}
