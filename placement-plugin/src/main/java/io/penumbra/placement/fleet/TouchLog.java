package io.penumbra.placement.fleet;

/**
 * The slots that changed last, so that an index can catch up when it is next asked, and only with
 * what changed. Whoever is further behind than the log is long looks at everything.
 */
final class TouchLog {

  static final int LENGTH = 1 << 16;

  private final int[] slots = new int[LENGTH];
  private long written;

  void add(int slot) {
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
