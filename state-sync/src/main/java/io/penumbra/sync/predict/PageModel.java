package io.penumbra.sync.predict;

import java.util.Arrays;

/**
 * Everything that one end has learned of how a VM's pages change: chances and weights. Of fixed
 * size, and cheap to copy, so that a block can be coded on a copy and forgotten again if it is
 * never accepted.
 */
public final class PageModel {

  static final int SLOT_BITS = 20;
  static final int FLAGS = 1 << 12;

  /** Chances of a one, 22 bits, and above how many bits they rest on, 10 bits. */
  final int[] slots = new int[1 << SLOT_BITS];

  /** How far to trust each context, in 65536ths, per set of weights. */
  final int[] weights = new int[ByteMixer.SETS * ByteMixer.CONTEXTS];

  /** Chances of yes-or-no questions, in 65536ths. */
  final char[] flags = new char[FLAGS];

  public PageModel() {
    forget();
  }

  /** Back to knowing nothing. */
  public void forget() {
    Arrays.fill(slots, 1 << 31);
    Arrays.fill(weights, ByteMixer.FIRST_WEIGHT);
    Arrays.fill(flags, (char) (1 << 15));
  }

  /** Takes over what another has learned. */
  public void copyFrom(PageModel other) {
    System.arraycopy(other.slots, 0, slots, 0, slots.length);
    System.arraycopy(other.weights, 0, weights, 0, weights.length);
    System.arraycopy(other.flags, 0, flags, 0, flags.length);
  }

  /** Whether both have learned the same, to the last bit. */
  public boolean sameAs(PageModel other) {
    return Arrays.equals(slots, other.slots)
        && Arrays.equals(weights, other.weights)
        && Arrays.equals(flags, other.flags);
  }

  /** What one model takes. */
  public static int bytes() {
    return (4 << SLOT_BITS) + 4 * ByteMixer.SETS * ByteMixer.CONTEXTS + 2 * FLAGS;
  }
}
