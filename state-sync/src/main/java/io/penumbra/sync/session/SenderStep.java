package io.penumbra.sync.session;

import io.penumbra.sync.frame.Message;
import java.time.Instant;

/** What the sender is to do next. */
public sealed interface SenderStep {

  /** Say this to the other end. */
  record Say(Message message) implements SenderStep {}

  /**
   * Code these pages of the current cut, and send them.
   *
   * @param standalone so that they can be decoded with nothing else at hand
   */
  // Made for one use and handed over.
  @SuppressWarnings("ArrayRecordComponent")
  record Ship(long epoch, long cut, boolean standalone, int[] pages, long[] hashes)
      implements SenderStep {}

  /**
   * Take a cut and report it.
   *
   * @param whole whether it starts anew: all pages are named, whatever was accepted before
   */
  record TakeCut(long epoch, boolean whole) implements SenderStep {}

  /** A new session has begun: forget what the predictors have learned. */
  record ResetPredictors() implements SenderStep {}

  /**
   * The other end has the current cut for good.
   *
   * @param resync whether the predictors forget what they have learned, as those over there do
   */
  record Accepted(long epoch, boolean resync) implements SenderStep {}

  /** Nothing to do until then, or until something is heard. */
  record Rest(Instant until) implements SenderStep {}

  /** The other end does not answer any more: drop the connection and make a new one. */
  record Reconnect() implements SenderStep {}

  /** The other end refuses for good, and says why. */
  record Refused(String reason) implements SenderStep {}
}
