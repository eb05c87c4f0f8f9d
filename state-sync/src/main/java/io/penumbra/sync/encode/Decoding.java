package io.penumbra.sync.encode;

/** What became of a block. */
public sealed interface Decoding {

  /** All its pages were given to the target. */
  record Decoded(int pages) implements Decoding {}

  /** Its pages were given to the target, but for some that it names and that are not here. */
  record Partly(int pages, int missing) implements Decoding {}

  /** It isn't a block, or no longer; no page was given to the target. */
  record Damaged(String reason) implements Decoding {}

  /**
   * It was made with a model that isn't here: ask for these pages by themselves, and for both ends
   * to forget. No page was given to the target.
   *
   * @param wanted the model the block was made with
   * @param present the model that is here
   */
  record UnknownModel(long wanted, long present) implements Decoding {}
}
