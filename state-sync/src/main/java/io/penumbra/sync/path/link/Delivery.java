package io.penumbra.sync.path.link;

import io.penumbra.sync.path.Reassembly;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Hands messages to the handler, one at a time and in order. Whoever has read a message's last
 * shard hands it over itself, if nobody else is at it: waking another thread would take longer than
 * most handlers do. A thread of its own does the rest.
 */
final class Delivery {

  private final Junction junction;
  private final MessageHandler handler;
  private boolean busy;
  private Optional<Seat> from = Optional.empty();
  private long since;

  Delivery(Junction junction, MessageHandler handler) {
    this.junction = junction;
    this.handler = handler;
  }

  /** Hands over what nobody else does, as long as the link lives. */
  void run() throws InterruptedException {
    while (awaitWork()) {
      handOver();
    }
  }

  private boolean awaitWork() throws InterruptedException {
    junction.lock.lockInterruptibly();
    try {
      while (!junction.closed() && (busy || !waits())) {
        junction.arrivals.await();
      }
      begin(Optional.empty());
      return !junction.closed();
    } finally {
      junction.lock.unlock();
    }
  }

  private boolean waits() {
    return junction.peerWaits() || junction.reassembly().poll().isPresent();
  }

  private void begin(Optional<Seat> seat) {
    busy = true;
    from = seat;
    since = junction.now();
  }

  /** A path's reader would hand over what it has read: true if it should. Caller has the lock. */
  boolean tryBegin(Seat seat) {
    if (busy) {
      return false;
    }
    begin(Optional.of(seat));
    return true;
  }

  /** Hands over all there is; to be called after one has begun. */
  void handOver() throws InterruptedException {
    while (handOverNext()) {
      // The next one, then.
    }
  }

  private boolean handOverNext() throws InterruptedException {
    OptionalLong peer;
    Optional<ByteBuffer> message;
    Reassembly reassembly;
    junction.lock.lockInterruptibly();
    try {
      peer = junction.takeUnannounced();
      reassembly = junction.reassembly();
      message = peer.isPresent() ? Optional.empty() : reassembly.poll();
      if (junction.closed() || (peer.isEmpty() && message.isEmpty())) {
        busy = false;
        from = Optional.empty();
        return false;
      }
    } finally {
      junction.lock.unlock();
    }
    if (peer.isPresent()) {
      handler.peerStarted(peer.getAsLong());
    } else {
      handler.message(message.orElseThrow());
      taken(reassembly);
    }
    return true;
  }

  private void taken(Reassembly reassembly) {
    junction.lock.lock();
    try {
      reassembly.read();
      junction.oweStatus();
      junction.wakeWriters();
    } finally {
      junction.lock.unlock();
    }
  }

  /**
   * The path whose reader has been with the handler for so long that somebody else should read,
   * said once. The caller has the lock.
   */
  Optional<Seat> stuck(long now, long patience) {
    if (!busy || from.isEmpty() || now - since < patience) {
      return Optional.empty();
    }
    Optional<Seat> stuck = from;
    from = Optional.empty();
    return stuck;
  }
}
