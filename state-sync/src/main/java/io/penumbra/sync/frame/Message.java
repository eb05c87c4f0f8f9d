package io.penumbra.sync.frame;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;

/**
 * What one end says to the other. Every message may be lost, repeated or overtaken; each carries
 * what it refers to, so that a late one is recognised.
 */
// The arrays belong to the message alone; copying them would double the cost of a page.
@SuppressWarnings("ArrayRecordComponent")
public sealed interface Message {

  /** More pages than one message names, so that its size has a bound. */
  int PAGES_MAX = 32_768;

  /** Largest block of coded pages. */
  int BLOCK_BYTES_MAX = 320 << 10;

  /** Longest text. */
  int TEXT_BYTES_MAX = 1_024;

  /**
   * The sender opens a session.
   *
   * @param challenge a random number; the answer names it, so that an old answer is recognised
   * @param coding which way of coding pages it will use
   */
  record Hello(VmId vm, StateLayout layout, long challenge, int coding) implements Message {}

  /**
   * The receiver is ready, and says where it stands.
   *
   * @param token a random number; everything in this session names it
   * @param epoch its newest durable epoch; 0 if it has none
   * @param root of the state it has: of that epoch, or of as much as has arrived of the first
   * @param stagedCut the cut of which it has some pages already; 0 if it has none
   */
  record Welcome(long token, long epoch, StateRoot root, long stagedCut) implements Message {}

  /**
   * The receiver won't, and asking again won't help.
   *
   * @param reason for a person, with advice
   */
  record Refusal(String reason) implements Message {

    public Refusal {
      if (reason.length() > TEXT_BYTES_MAX / 4) {
        reason = reason.substring(0, TEXT_BYTES_MAX / 4);
      }
    }
  }

  /**
   * Which pages there are in a cut, by their hashes. The receiver answers with {@link Want}.
   *
   * @param cut a random number for the cut: the same epoch may be cut again after a crash
   * @param part number of this part among all that the sender says about this epoch
   * @param whole whether every page of the state will be named: then what the receiver has got of
   *     another cut stays useful
   */
  record Plan(long epoch, long cut, int part, boolean whole, int[] pages, long[] hashes)
      implements Message {

    public Plan {
      sameLength(pages, hashes);
      atMost(pages);
    }
  }

  /**
   * Send me these pages, and don't rely on what I have.
   *
   * @param part of the plan that this answers; {@link #UNASKED} if they turned out wrong
   */
  record Want(long epoch, long cut, int part, int[] pages) implements Message {

    public static final int UNASKED = -1;

    public Want {
      atMost(pages);
    }
  }

  /** I can't tell what is missing: tell me these pages' hashes. */
  record NeedPlan(long epoch, long cut, Scope scope) implements Message {}

  /**
   * The content of some pages.
   *
   * @param standalone whether the block can be decoded with nothing else at hand; else against the
   *     receiver's last epoch
   * @param hashes of these pages when decoded
   * @param block coded pages, see the coding agreed upon in {@link Hello}
   */
  record Pages(long epoch, long cut, boolean standalone, int[] pages, long[] hashes, byte[] block)
      implements Message {

    public Pages {
      sameLength(pages, hashes);
      atMost(pages);
      if (block.length > BLOCK_BYTES_MAX) {
        throw new IllegalArgumentException(
            "block of %d bytes; expected %d at most".formatted(block.length, BLOCK_BYTES_MAX));
      }
    }
  }

  /** That was all of the epoch: make it durable. */
  record Commit(long cut, EpochManifest manifest) implements Message {}

  /**
   * The epoch is durable and verified.
   *
   * @param resync whether pages turned out wrong on the way, so that both ends forget what their
   *     predictors have learned
   */
  record Ack(long epoch, StateRoot root, boolean resync) implements Message {}

  private static void sameLength(int[] pages, long[] hashes) {
    if (pages.length != hashes.length) {
      throw new IllegalArgumentException(
          "%d pages with %d hashes".formatted(pages.length, hashes.length));
    }
  }

  private static void atMost(int[] pages) {
    if (pages.length > PAGES_MAX) {
      throw new IllegalArgumentException(
          "%d pages; expected %d at most".formatted(pages.length, PAGES_MAX));
    }
  }
}
