package io.penumbra.sync.path.link;

import java.util.Optional;

/**
 * What a busy machine spoils now and then by pauses of its own, and a link that is wrong spoils
 * always: so many transfers may be late, not one more.
 */
final class Undisturbed {

  private static final int TRIES = 5;

  private Undisturbed() {}

  /** A transfer from the beginning. */
  interface Transfer {

    /** What was late, if anything; whatever else is wrong it throws. */
    Optional<AssertionError> run() throws Exception;
  }

  static void tried(Transfer transfer) throws Exception {
    Optional<AssertionError> late = transfer.run();
    for (int tries = 1; late.isPresent() && tries < TRIES; tries++) {
      late = transfer.run();
    }
    if (late.isPresent()) {
      throw late.get();
    }
  }

  static Optional<AssertionError> late(Runnable assertions) {
    try {
      assertions.run();
      return Optional.empty();
    } catch (AssertionError late) {
      return Optional.of(late);
    }
  }
}
