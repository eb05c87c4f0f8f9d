package io.penumbra.sync.session;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.frame.Message;

/** What the receiver is to do, at once and in this order. */
// Arrays are made for one step and handed over.
@SuppressWarnings("ArrayRecordComponent")
public sealed interface ReceiverStep {

  /**
   * Say this to the other end.
   *
   * @param session the number under which it knows this session
   */
  record Say(long session, Message message) implements ReceiverStep {}

  /** Make ready to receive this VM, and report what is there of it. */
  record Open(VmId vm, StateLayout layout, int coding) implements ReceiverStep {}

  /** Decode these pages, verify each hash, stage those that are right, and report. */
  record Decode(Message.Pages pages) implements ReceiverStep {}

  /** These pages are not in the epoch after all. */
  record Unstage(int[] pages) implements ReceiverStep {}

  /** Nothing that is staged is of use. */
  record Discard() implements ReceiverStep {}

  /** Make the staged pages the new epoch, durably, and report. */
  record Commit(EpochManifest manifest) implements ReceiverStep {}

  /** A new session has begun: forget what the predictors have learned. */
  record ResetPredictors() implements ReceiverStep {}

  /**
   * The epoch is durable: apply it; the predictors learn from it, or forget everything.
   *
   * @param resync whether they forget
   */
  record Accepted(long epoch, boolean resync) implements ReceiverStep {}
}
