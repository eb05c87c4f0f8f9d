package io.penumbra.sync.epoch;

/**
 * One piece of a VM's state: its memory, a disk, the state of its devices.
 *
 * @param bytes exact size; the last page is padded with zeros
 */
public record Region(RegionId id, RegionKind kind, long bytes) {

  public Region {
    if (bytes < 1) {
      throw new IllegalArgumentException(
          "region %s has %d bytes; expected 1 or more".formatted(id, bytes));
    }
  }

  /** How many pages it has. */
  public long pages() {
    return PageSize.pagesFor(bytes);
  }
}
