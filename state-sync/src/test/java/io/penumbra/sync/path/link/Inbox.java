package io.penumbra.sync.path.link;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A handler that keeps what it is given, and when. */
final class Inbox implements MessageHandler {

  private final List<ByteBuffer> messages = new ArrayList<>();
  private final List<Long> arrivals = new ArrayList<>();
  private final List<Long> peers = new ArrayList<>();
  private volatile CountDownLatch gate = new CountDownLatch(0);

  @Override
  public void message(ByteBuffer message) throws InterruptedException {
    gate.await();
    synchronized (this) {
      messages.add(message);
      arrivals.add(System.nanoTime());
    }
  }

  @Override
  public synchronized void peerStarted(long incarnation) {
    peers.add(incarnation);
  }

  void hold() {
    gate = new CountDownLatch(1);
  }

  void release() {
    gate.countDown();
  }

  synchronized List<ByteBuffer> messages() {
    return List.copyOf(messages);
  }

  synchronized List<Long> peers() {
    return List.copyOf(peers);
  }

  /** The longest time between two messages, of which the second came before a moment. */
  synchronized Duration longestPauseBefore(long nanoTime) {
    return longestPause(Long.MIN_VALUE, nanoTime);
  }

  /** The longest time between two messages, of which the second came at a moment or after it. */
  synchronized Duration longestPauseSince(long nanoTime) {
    return longestPause(nanoTime, Long.MAX_VALUE);
  }

  private Duration longestPause(long from, long until) {
    long longest = 0;
    for (int i = 1; i < arrivals.size(); i++) {
      if (arrivals.get(i) >= from && arrivals.get(i) < until) {
        longest = Math.max(longest, arrivals.get(i) - arrivals.get(i - 1));
      }
    }
    return Duration.ofNanos(longest);
  }
}
