package io.penumbra.simulator.world;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Which hosts, and which of them and the controller, reach each other: one direction at a time, for
 * that is how networks break. Everybody reaches everybody except across a {@link Cut}.
 */
public final class Network {

  private final int controller;
  private final List<Cut> cuts = new ArrayList<>();
  private final double[] slowness;

  /** A whole network of that many hosts and one controller. */
  public Network(int hosts) {
    this.controller = hosts;
    this.slowness = new double[hosts + 1];
    Arrays.fill(slowness, 1);
  }

  /** The controller's number; hosts have theirs from 0. */
  public int controller() {
    return controller;
  }

  /** Whether a message from one gets to the other. */
  public boolean reaches(int from, int to) {
    for (int i = 0; i < cuts.size(); i++) {
      Cut cut = cuts.get(i);
      if (cut.from.get(from) && cut.to.get(to)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a question and its answer get through. */
  public boolean talks(int a, int b) {
    return reaches(a, b) && reaches(b, a);
  }

  /** From now on nothing gets from any of these to any of those. */
  public Cut cut(BitSet from, BitSet to) {
    Cut cut = new Cut(from, to);
    cuts.add(cut);
    return cut;
  }

  /** Undoes a cut; undoing it again does nothing. */
  public void heal(Cut cut) {
    cuts.remove(cut);
  }

  /** Undoes every cut. */
  public void healAll() {
    cuts.clear();
  }

  public boolean isWhole() {
    return cuts.isEmpty();
  }

  /** How many times longer than usual messages to and from it take. */
  public double slowness(int node) {
    return slowness[node];
  }

  /** Makes everything to and from a node slower, or as fast as usual again with 1. */
  public void slow(int node, double factor) {
    slowness[node] = factor;
  }

  /** A broken direction. Compared by identity: two equal cuts heal one at a time. */
  public static final class Cut {
    private final BitSet from;
    private final BitSet to;

    private Cut(BitSet from, BitSet to) {
      this.from = from;
      this.to = to;
    }

    /** Every node the cut touches. */
    public BitSet nodes() {
      BitSet all = (BitSet) from.clone();
      all.or(to);
      return all;
    }
  }
}
