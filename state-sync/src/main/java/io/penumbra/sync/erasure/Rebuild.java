package io.penumbra.sync.erasure;

/** What came of an attempt to give lost shards back. */
public sealed interface Rebuild {

  /**
   * All data shards are there now.
   *
   * @param shards how many had to be computed
   */
  record Rebuilt(int shards) implements Rebuild {}

  /**
   * Not enough shards have arrived; nothing was written.
   *
   * @param present shards that are there
   * @param needed shards that it takes
   */
  record TooFew(int present, int needed) implements Rebuild {}
}
