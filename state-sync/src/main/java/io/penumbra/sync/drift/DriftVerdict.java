package io.penumbra.sync.drift;

import java.util.List;

/** What a comparison says of the second instance. */
public sealed interface DriftVerdict {

  /** How many pages a verdict names; there may be more. */
  int NAMED_MAX = 100;

  /** No page is known to differ. */
  record Clean(long epoch) implements DriftVerdict {}

  /** Still learning which pages always differ. */
  record Calibrating(long epoch, int differing, int epochsLeft) implements DriftVerdict {}

  /**
   * Some pages differ, as they always have, or so briefly or so few that it means nothing.
   *
   * @param noisy pages that have differed from the start
   * @param passing others, that are expected to heal
   */
  record ExpectedNoise(long epoch, int noisy, int passing) implements DriftVerdict {}

  /**
   * It has gone another way.
   *
   * @param since the first epoch in which the oldest of these differences was seen; the epoch
   *     before it is the last good one
   * @param pages the first {@value #NAMED_MAX} of them, in order
   * @param count how many there are
   */
  record Drift(long epoch, long since, Reason reason, List<Integer> pages, int count)
      implements DriftVerdict {

    public Drift {
      pages = List.copyOf(pages);
    }
  }

  /** Why it is more than noise. */
  enum Reason {
    /** A page became different although neither instance wrote to it: memory or disk is bad. */
    CHANGED_UNWRITTEN,
    /** A page stayed different for longer than the thresholds allow. */
    PERSISTENT,
    /** More pages differ at once than the thresholds allow. */
    TOO_MANY
  }
}
