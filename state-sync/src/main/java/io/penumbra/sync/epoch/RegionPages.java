package io.penumbra.sync.epoch;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A whole state in memory, one segment per region, each padded to whole pages. Reading and writing
 * different pages from several threads is safe.
 */
public final class RegionPages implements PageView {

  private final StateLayout layout;
  private final List<MemorySegment> regions;

  /**
   * Lays a view over memory.
   *
   * @param regions in the layout's order, off the heap, at least {@code pages * 4096} bytes each
   */
  public RegionPages(StateLayout layout, List<MemorySegment> regions) {
    this.layout = layout;
    this.regions = List.copyOf(regions);
    if (regions.size() != layout.regions().size()) {
      throw new IllegalArgumentException(
          "%d segments for %d regions".formatted(regions.size(), layout.regions().size()));
    }
    for (int region = 0; region < regions.size(); region++) {
      long needed = (long) layout.pagesIn(region) << PageSize.SHIFT;
      MemorySegment memory = regions.get(region);
      if (memory.byteSize() < needed || !memory.isNative()) {
        throw new IllegalArgumentException(
            "region %s has %d bytes %s the heap; expected %d off the heap"
                .formatted(
                    layout.regions().get(region).id(),
                    memory.byteSize(),
                    memory.isNative() ? "off" : "on",
                    needed));
      }
    }
  }

  public StateLayout layout() {
    return layout;
  }

  /** All memory of one region. */
  public MemorySegment region(int region) {
    return regions.get(region);
  }

  @Override
  public MemorySegment segment(int page) {
    return regions.get(layout.regionOf(page));
  }

  @Override
  public long offset(int page) {
    return layout.offsetInRegion(page);
  }

  @Override
  public int pages() {
    return layout.pages();
  }

  /** Replaces a page by 4096 bytes from elsewhere. */
  public void write(int page, MemorySegment from, long offset) {
    MemorySegment.copy(from, offset, segment(page), offset(page), PageSize.BYTES);
  }
}
