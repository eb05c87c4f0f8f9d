package io.penumbra.sync.path.link;

import java.nio.ByteBuffer;

/** Takes what comes over a link. It is called by one thread, one call at a time. */
public interface MessageHandler {

  /**
   * A message is there. Messages come in the order in which they were sent, each once. While this
   * call lasts no more are taken, and in the end the sender waits: that is the back-pressure.
   *
   * @param message on the heap; the handler may keep it
   */
  void message(ByteBuffer message) throws InterruptedException;

  /**
   * The other end has started, for the first time or anew. Messages that were under way from or to
   * the one before are gone; whatever follows belongs to the new one.
   *
   * @param incarnation the number that it was started with
   */
  default void peerStarted(long incarnation) {}
}
