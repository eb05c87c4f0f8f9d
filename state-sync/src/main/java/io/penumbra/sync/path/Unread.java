package io.penumbra.sync.path;

import java.util.ArrayDeque;
import java.util.Deque;

/** Messages that the other end's reader has not taken yet, oldest first. */
final class Unread {

  private final Deque<Integer> sizes = new ArrayDeque<>();
  private long bytes;
  private long next;

  /** The next message was sent. */
  void sent(int messageBytes) {
    sizes.addLast(messageBytes);
    bytes += messageBytes;
    next++;
  }

  /** All messages below that number have been taken. */
  void taken(long readBelow) {
    while (!sizes.isEmpty() && next - sizes.size() < readBelow) {
      bytes -= sizes.removeFirst();
    }
  }

  void clear() {
    sizes.clear();
    bytes = 0;
    next = 0;
  }

  long bytes() {
    return bytes;
  }

  int messages() {
    return sizes.size();
  }
}
