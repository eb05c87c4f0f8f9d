package io.penumbra.placement.fleet;

/**
 * The slots that changed last, so that an index can catch up when it is next asked, and only with
 * what changed. Whoever is further behind than the log is long looks at everything.
 */
final class TouchLog {

  static final int LENGTH = 1 << 16;

  private final int[] slots = new int[LENGTH];
  private long written;
  private long begun;

  /**
   * A change begins; nobody reads before it is made, so within it a slot need be noted only once.
   */
  void begin() {
    begun = written;
  }

  void add(int slot) {
    for (long at = Math.max(begun, written - 4); at < written; at++) {
      if (slot(at) == slot) {
        return;
      }
    }
    slots[(int) (written & (LENGTH - 1))] = slot;
    written++;
  }

  long written() {
    return written;
  }

  int slot(long position) {
    return slots[(int) (position & (LENGTH - 1))];
  }
}
