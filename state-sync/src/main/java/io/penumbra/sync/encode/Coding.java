package io.penumbra.sync.encode;

/** What a block is made with. */
public enum Coding {
  /** Runs of bytes that have changed, then zstd; learns nothing. */
  RUNS,
  /** The predictive model, and zstd against the old page for pages of which it knows nothing. */
  MODEL
}
