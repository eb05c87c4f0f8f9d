package io.penumbra.sync.path.link;

import java.time.Duration;

/** How long a pause may be after a path is lost, on a machine that may be busy. */
final class PauseBound {

  private static final int TIMES_BEFORE = 4;

  private PauseBound() {}

  /**
   * On a quiet machine a fixed bound; where even three healthy paths pause because nobody gets a
   * core, a few times that.
   */
  static Duration of(Duration quiet, Duration longestBefore) {
    Duration busy = longestBefore.multipliedBy(TIMES_BEFORE);
    return busy.compareTo(quiet) > 0 ? busy : quiet;
  }
}
