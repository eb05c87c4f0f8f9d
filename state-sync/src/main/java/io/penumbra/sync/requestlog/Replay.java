package io.penumbra.sync.requestlog;

import java.nio.ByteBuffer;

/** What to tell a VM that has taken over. One request at a time, for order is part of the state. */
public sealed interface Replay {

  /** Tell it this (read-only), and report its answer. */
  record Tell(Delivery delivery, ByteBuffer request) implements Replay {

    public Tell {
      request = request.asReadOnlyBuffer();
    }
  }

  /** It has not answered this one yet. */
  record Waiting(Delivery delivery) implements Replay {}

  /** It has been told everything; new requests are admitted. */
  record Done() implements Replay {}
}
