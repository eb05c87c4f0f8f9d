package io.penumbra.sync.predict;

import java.util.Arrays;

/**
 * Everything that one end has learned of how a VM's pages change: chances, weights, and the recent
 * past. Of fixed size, and cheap to copy, so that a block can be coded on a copy and forgotten
 * again if it is never accepted.
 */
public final class PageModel {

  static final int SLOT_BITS = 18;
  static final int HISTORY_BITS = 20;
  static final int ANCHOR_BITS = 17;
  static final int FLAGS = 1 << 13;

  /** Chances of a one, 22 bits, and above how many bits they rest on, 10 bits. */
  final int[] slots = new int[1 << SLOT_BITS];

  /** How far to trust each context, in 65536ths, per set of weights. */
  final int[] weights = new int[ByteMixer.SETS * ByteMixer.CONTEXTS];

  /** Chances of yes-or-no questions, in 65536ths. */
  final char[] flags = new char[FLAGS];

  /** The lines that changed lately, as they have become; a ring. */
  final byte[] history = new byte[1 << HISTORY_BITS];

  /** Where in the history a few bytes were last followed by something, by their hash. */
  final int[] anchors = new int[1 << ANCHOR_BITS];

  /** How much has been written into the history; at least 1, so that 0 means "nowhere". */
  int head;

  public PageModel() {
    forget();
  }

  /** Back to knowing nothing. */
  public void forget() {
    Arrays.fill(slots, 1 << 31);
    Arrays.fill(weights, ByteMixer.FIRST_WEIGHT);
    Arrays.fill(flags, (char) (1 << 15));
    Arrays.fill(history, (byte) 0);
    Arrays.fill(anchors, 0);
    head = 1;
  }

  /** Takes over what another has learned. */
  public void copyFrom(PageModel other) {
    System.arraycopy(other.slots, 0, slots, 0, slots.length);
    System.arraycopy(other.weights, 0, weights, 0, weights.length);
    System.arraycopy(other.flags, 0, flags, 0, flags.length);
    System.arraycopy(other.history, 0, history, 0, history.length);
    System.arraycopy(other.anchors, 0, anchors, 0, anchors.length);
    head = other.head;
  }

  /** Whether both have learned the same, to the last bit. */
  public boolean sameAs(PageModel other) {
    return head == other.head
        && Arrays.equals(slots, other.slots)
        && Arrays.equals(weights, other.weights)
        && Arrays.equals(flags, other.flags)
        && Arrays.equals(history, other.history)
        && Arrays.equals(anchors, other.anchors);
  }

  /** What one model takes. */
  public static int bytes() {
    return (4 << SLOT_BITS)
        + 4 * ByteMixer.SETS * ByteMixer.CONTEXTS
        + 2 * FLAGS
        + (1 << HISTORY_BITS)
        + (4 << ANCHOR_BITS);
  }
}
