package io.penumbra.placement.risk;

import java.util.List;

/**
 * All trees of a model, laid out for speed. Every tree is filled up to the same depth and a row is
 * turned into whole numbers of the same order first, so that walking a tree is a fixed number of
 * additions and shifts, without a branch that a processor could guess wrong. Adds the leaves in the
 * order and precision XGBoost does, so margins are the same bit for bit; a call into XGBoost for
 * one row costs a hundred times more, nearly all of it for building a matrix.
 *
 * <p>Used by one thread at a time.
 */
final class TreeEnsemble {

  /** Trees walked abreast. */
  private static final int LANES = 4;

  private final int depth;
  private final int width;
  private final float baseMargin;

  /** Per inner node two numbers: which key to read, and the threshold's key. */
  private final int[] nodes;

  private final float[] leaves;

  /** The row being scored: its keys with "not measured" below all, then the same with it above. */
  private final int[] keys;

  private TreeEnsemble(int trees, int depth, int width, float baseMargin) {
    this.depth = depth;
    this.width = width;
    this.baseMargin = baseMargin;
    // Filled up with trees that add nothing, to a multiple of those that are walked abreast.
    int slots = ((trees + LANES - 1) / LANES * LANES) << depth;
    nodes = new int[2 * slots];
    leaves = new float[slots];
    keys = new int[2 * width];
  }

  /**
   * Lays trees out.
   *
   * @param width numbers per row
   * @param baseMargin what every sum starts from
   */
  static TreeEnsemble of(List<BoostedTree> trees, int width, float baseMargin) {
    int depth = trees.stream().mapToInt(BoostedTree::depth).reduce(1, Math::max);
    TreeEnsemble ensemble = new TreeEnsemble(trees.size(), depth, width, baseMargin);
    for (int i = 0; i < trees.size(); i++) {
      ensemble.fill(trees.get(i), i << depth, 1, 0);
    }
    return ensemble;
  }

  /**
   * Copies one node and all below it.
   *
   * @param slot where it stands in a full tree whose root is 1 and whose children are 2n and 2n+1
   */
  private void fill(BoostedTree node, int base, int slot, int level) {
    switch (node) {
      case BoostedTree.Leaf leaf when level == depth ->
          leaves[base + slot - (1 << depth)] = leaf.value();
      case BoostedTree.Leaf leaf -> {
        // A leaf above the lowest level: both ways lead to copies of it.
        fill(leaf, base, 2 * slot, level + 1);
        fill(leaf, base, 2 * slot + 1, level + 1);
      }
      case BoostedTree.Split split -> {
        nodes[2 * (base + slot)] = split.feature() + (split.missingGoesLeft() ? 0 : width);
        nodes[2 * (base + slot) + 1] = key(split.threshold());
        fill(split.left(), base, 2 * slot, level + 1);
        fill(split.right(), base, 2 * slot + 1, level + 1);
      }
    }
  }

  /** A whole number that is smaller exactly where the float is; adding 0 makes one zero of two. */
  private static int key(float value) {
    int bits = Float.floatToRawIntBits(value + 0f);
    return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
  }

  /** The margin (log-odds before calibration) of the row at {@code offset}. */
  float margin(float[] rows, int offset) {
    for (int i = 0; i < width; i++) {
      float value = rows[offset + i];
      int key = key(value);
      boolean missing = Float.isNaN(value);
      keys[i] = missing ? Integer.MIN_VALUE : key;
      keys[width + i] = missing ? Integer.MAX_VALUE : key;
    }
    float sum = baseMargin;
    int leafBase = 1 << depth;
    // Four trees abreast: while one waits for memory, the others go on.
    for (int base = 0; base < leaves.length; base += LANES << depth) {
      int a = base + 1;
      int b = a + leafBase;
      int c = b + leafBase;
      int d = c + leafBase;
      for (int level = 0, root = base; level < depth; level++) {
        a = child(a, root);
        b = child(b, root + leafBase);
        c = child(c, root + 2 * leafBase);
        d = child(d, root + 3 * leafBase);
      }
      sum += leaves[a - leafBase];
      sum += leaves[b - leafBase];
      sum += leaves[c - leafBase];
      sum += leaves[d - leafBase];
    }
    return sum;
  }

  /** Where to go from a node; positions count from the beginning of all nodes. */
  private int child(int at, int root) {
    int node = 2 * at;
    int left = (int) (((long) keys[nodes[node]] - nodes[node + 1]) >>> 63);
    return 2 * at - root + 1 - left;
  }
}
