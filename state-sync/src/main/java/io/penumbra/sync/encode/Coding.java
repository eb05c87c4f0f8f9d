package io.penumbra.sync.encode;

/** What a block is made with, from the quickest to the smallest. */
public enum Coding {
  /** The words that have changed, as they are. */
  PLAIN(1.5),
  /** The words that have changed, then LZ4. */
  LZ4(1.5),
  /** The words that have changed, then zstd at its quick end. */
  FAST(1.5),
  /** Runs of bytes that have changed, then zstd, with the old pages as dictionary; no learning. */
  RUNS(1.5),
  /** The predictive model, and zstd against the old page for pages of which it knows nothing. */
  MODEL(2);

  private final double bothEnds;

  /**
   * Takes what it costs.
   *
   * @param bothEnds the CPU time of sender and receiver, in times of the sender's; the model's
   *     reader goes the same way as its writer, others only unpack
   */
  Coding(double bothEnds) {
    this.bothEnds = bothEnds;
  }

  double bothEnds() {
    return bothEnds;
  }

  /** Whether it codes whole words that have changed. */
  boolean codesWords() {
    return switch (this) {
      case PLAIN, LZ4, FAST -> true;
      case RUNS, MODEL -> false;
    };
  }
}
