package io.penumbra.sync.encode;

/**
 * A block, and the pages in it in the order in which they are to be named to the decoder.
 *
 * @param pages numbers of pages; they are not in the bytes
 * @param bytes at most {@link PageEncoder#BLOCK_BYTES_MAX}
 */
// Arrays are made for one block and handed over.
@SuppressWarnings("ArrayRecordComponent")
public record EncodedBlock(int[] pages, byte[] bytes) {

  public EncodedBlock {
    if (pages.length == 0 || bytes.length > PageEncoder.BLOCK_BYTES_MAX) {
      throw new IllegalArgumentException(
          "%d pages in %,d bytes; expected 1 or more, in at most %,d"
              .formatted(pages.length, bytes.length, PageEncoder.BLOCK_BYTES_MAX));
    }
  }
}
