package io.penumbra.sync.engine;

import io.penumbra.sync.scan.Cut;
import java.time.Duration;

/** Is told how the sender gets on. Calls come from the sender's thread. */
public interface SenderListener {

  /** There is an answer from the other end; {@code epoch} is what it has. */
  default void inTouch(long epoch) {}

  /** No answer, and a new attempt. */
  default void outOfTouch() {}

  /** A cut was taken and is on its way. */
  default void cutTaken(long epoch, boolean whole, Cut cut) {}

  /** So much of it had been sent before the cut; told right after {@link #cutTaken}. */
  default void wentAhead(long epoch, WentAhead ahead) {}

  /**
   * Some of it was sent.
   *
   * @param pagesSeen pages of which it is known that they need not be sent (any more)
   */
  default void progress(long pagesSeen, long pagesAll, long bytes) {}

  /**
   * The epoch is durable over there.
   *
   * @param sinceCut from the cut to the ack
   * @param bytes on the wire, since the cut
   */
  default void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {}

  /** So many pages did not arrive as they were cut, and are asked for once more. */
  default void doubted(int pages) {}

  /** Something came that is no frame for us. */
  default void rejected(String why) {}
}
