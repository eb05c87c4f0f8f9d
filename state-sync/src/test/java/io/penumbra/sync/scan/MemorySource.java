package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** A guest whose memory is an array here; tells what it is asked to tell. */
final class MemorySource implements StateSource {

  final List<MemorySegment> regions;
  boolean still = true;
  boolean tracking;
  boolean glimpses;
  Runnable whenHeld = () -> {};
  private final List<BitSet> written = new ArrayList<>();
  private final StateLayout layout;

  MemorySource(StateLayout layout) {
    this.layout = layout;
    regions =
        layout.regions().stream()
            .map(region -> Arena.ofAuto().allocate(region.bytes(), Long.BYTES))
            .toList();
    layout.regions().forEach(_ -> written.add(new BitSet()));
  }

  /** The guest writes one byte. */
  void write(int page, int at) {
    int region = layout.regionOf(page);
    long offset = layout.offsetInRegion(page) + at;
    MemorySegment memory = regions.get(region);
    memory.set(
        ValueLayout.JAVA_BYTE, offset, (byte) (memory.get(ValueLayout.JAVA_BYTE, offset) + 1));
    if (tracking) {
      written.get(region).set(page - layout.firstPage(region));
    }
  }

  /** The guest writes a page with what is there already, which a tracker can't know. */
  void writeTheSame(int page) {
    int region = layout.regionOf(page);
    written.get(region).set(page - layout.firstPage(region));
  }

  private Optional<BitSet> ask(int region) {
    if (!tracking) {
      return Optional.empty();
    }
    BitSet named = written.get(region);
    written.set(region, new BitSet());
    return Optional.of(named);
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
            // The last region is a device, which can be read only while it is held.
            return region == regions.size() - 1
                ? Optional.empty()
                : Optional.of(regions.get(region));
          }

          @Override
          public Optional<BitSet> mayHaveChanged(int region) {
            return ask(region);
          }
        });
  }

  @Override
  public StateLayout layout() {
    return layout;
  }

  @Override
  public Hold hold() {
    whenHeld.run();
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
      public Optional<BitSet> mayHaveChanged(int region) {
        return ask(region);
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
