package io.penumbra.sync.encode;

/** Takes decoded pages; their hashes have not been verified yet. */
@FunctionalInterface
public interface PageTarget {

  /**
   * Takes one page.
   *
   * @param page which
   * @param bytes holds its 4096 bytes, from the offset on; changes after the call
   */
  void page(int page, byte[] bytes, int offset);
}
