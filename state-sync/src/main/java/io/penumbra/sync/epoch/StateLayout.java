package io.penumbra.sync.epoch;

import java.util.List;
import java.util.Objects;

/**
 * The regions of a VM in a fixed order, and the numbers of their pages: those of the first region
 * come first, then those of the second. Page numbers are {@code int}, so one VM has less than 8 TiB
 * of state.
 */
public final class StateLayout {

  /** More regions than any VM has; a bound for what the other end may claim. */
  public static final int REGIONS_MAX = 64;

  private final List<Region> regions;
  private final int[] firstPages;

  /**
   * Numbers the pages.
   *
   * @throws IllegalArgumentException if there are none, too many, or two of one name
   */
  public StateLayout(List<Region> regions) {
    this.regions = List.copyOf(regions);
    if (regions.isEmpty() || regions.size() > REGIONS_MAX) {
      throw new IllegalArgumentException(
          "%d regions; expected 1 to %d".formatted(regions.size(), REGIONS_MAX));
    }
    if (regions.stream().map(Region::id).distinct().count() < regions.size()) {
      throw new IllegalArgumentException("two regions of one name in " + regions);
    }
    firstPages = new int[regions.size() + 1];
    long next = 0;
    for (int i = 0; i < regions.size(); i++) {
      next += regions.get(i).pages();
      if (next > Integer.MAX_VALUE - 64) {
        throw new IllegalArgumentException(
            "the regions have %d pages and more; expected less than 2^31 (8 TiB)".formatted(next));
      }
      firstPages[i + 1] = (int) next;
    }
  }

  /** A single region. */
  public static StateLayout of(Region region) {
    return new StateLayout(List.of(region));
  }

  public List<Region> regions() {
    return regions;
  }

  /** Pages of all regions together. */
  public int pages() {
    return firstPages[regions.size()];
  }

  /** The number of a region's first page. */
  public int firstPage(int region) {
    return firstPages[Objects.checkIndex(region, regions.size())];
  }

  /** How many pages a region has. */
  public int pagesIn(int region) {
    return firstPages[region + 1] - firstPage(region);
  }

  /** The region (its place in {@link #regions}) a page is in. */
  public int regionOf(int page) {
    Objects.checkIndex(page, pages());
    int region = 0;
    while (page >= firstPages[region + 1]) {
      region++;
    }
    return region;
  }

  /** Where a page starts in its region. */
  public long offsetInRegion(int page) {
    return (long) (page - firstPages[regionOf(page)]) << PageSize.SHIFT;
  }

  /** How many bytes of a page are state: 4096 but for the last page of a region. */
  public int bytesOf(int page) {
    int region = regionOf(page);
    return (int) Math.min(PageSize.BYTES, regions.get(region).bytes() - offsetInRegion(page));
  }

  /** Exact size of all regions together. */
  public long bytes() {
    return regions.stream().mapToLong(Region::bytes).sum();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StateLayout layout && layout.regions.equals(regions);
  }

  @Override
  public int hashCode() {
    return regions.hashCode();
  }

  @Override
  public String toString() {
    return "StateLayout" + regions;
  }
}
