package io.penumbra.sync.session;

import java.util.Arrays;
import java.util.BitSet;

/** Pages in line, each at most once, first come first served. */
final class PageQueue {

  private final BitSet inLine = new BitSet();
  private int[] pages = new int[64];
  private int head;
  private int tail;

  boolean isEmpty() {
    return head == tail;
  }

  int size() {
    return tail - head;
  }

  void add(int page) {
    if (inLine.get(page)) {
      return;
    }
    inLine.set(page);
    if (tail == pages.length) {
      if (head > tail / 2) {
        System.arraycopy(pages, head, pages, 0, size());
        tail -= head;
        head = 0;
      } else {
        pages = Arrays.copyOf(pages, 2 * pages.length);
      }
    }
    pages[tail++] = page;
  }

  int[] take(int most) {
    int[] taken = Arrays.copyOfRange(pages, head, head + Math.min(most, size()));
    head += taken.length;
    for (int page : taken) {
      inLine.clear(page);
    }
    return taken;
  }

  void clear() {
    inLine.clear();
    head = 0;
    tail = 0;
  }
}
