package io.penumbra.sync.engine;

import io.penumbra.sync.epoch.PageView;
import java.io.IOException;

/** A way to turn pages into blocks and back. Both ends must use the same one. */
public interface PageCoding {

  /** Its number in a greeting. */
  int id();

  /** The sender's half for one VM. */
  Encoder encoder();

  /** The receiver's half for one VM. */
  Decoder decoder();

  /** Turns pages into blocks. Owned by one thread. */
  interface Encoder {

    /**
     * Codes some pages as one or more blocks.
     *
     * @param standalone whether the blocks may rely on nothing that the other end has
     * @param previous what the other end has; not looked at if {@code standalone}
     */
    void encode(
        boolean standalone, int[] pages, PageView previous, PageView current, BlockTarget target)
        throws InterruptedException, IOException;

    /** The other end has acked what was coded since the last call. */
    void accepted(long epoch);

    /** Forgets what was learned, as the other end does. */
    void reset();
  }

  /** Turns blocks into pages. Owned by one thread. */
  interface Decoder {

    /**
     * Decodes a block.
     *
     * @return whether it was a block; if not, no page was given to the target
     */
    boolean decode(
        boolean standalone, int[] pages, byte[] block, PageView previous, PageTarget target);

    /** The epoch that was decoded since the last call was accepted. */
    void accepted(long epoch);

    /** Forgets what was learned, as the other end does. */
    void reset();
  }

  /** Takes blocks. */
  @FunctionalInterface
  interface BlockTarget {

    /**
     * Takes one block.
     *
     * @param pages the pages in it, in the order in which the decoder needs to be told of them
     */
    void block(int[] pages, byte[] block) throws InterruptedException, IOException;
  }

  /** Takes decoded pages, before anybody has verified them. */
  @FunctionalInterface
  interface PageTarget {

    /** Takes the page with this place in the block; the bytes change after the call. */
    void page(int index, byte[] bytes, int offset);
  }
}
