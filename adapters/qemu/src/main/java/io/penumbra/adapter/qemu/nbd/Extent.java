package io.penumbra.adapter.qemu.nbd;

/**
 * A stretch of a disk of which the same is true.
 *
 * @param flags of a dirty bitmap: 1 if it was written; of {@code base:allocation}: 1 for a hole, 2
 *     for zeros
 */
public record Extent(long offset, long bytes, int flags) {

  /** One past its last byte. */
  public long end() {
    return offset + bytes;
  }
}
