package io.penumbra.placement.risk;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Exact Shapley values of a row's features (TreeSHAP, Lundberg et al. 2020), from tables made once
 * per model (after Yang 2021, "Fast TreeSHAP"). What a leaf gives to each feature on its path
 * depends only on which of the path's features agree with the row; a path of four features has
 * sixteen such cases, so all are worked out beforehand, and a row is explained by looking up one
 * line per leaf.
 */
final class TreeContributions implements Contributions {

  /** 32 MB of tables; a model that would need more is explained by XGBoost itself. */
  private static final long TABLE_NUMBERS_MAX = 4L << 20;

  /** A path has at most {@value BoostedTree#DEPTH_MAX} features: three bits number them. */
  private static final int PLACE_MASK = 7;

  private static final int STEP_SHIFT = 4;

  private final List<BoostedTree.Split> splits = new ArrayList<>();
  private final List<LeafTable> leaves = new ArrayList<>();
  private double expected;

  private TreeContributions(float baseMargin) {
    expected = baseMargin;
  }

  /** One leaf: the way to it, and what it gives in each case. */
  private static final class LeafTable {
    /** The features asked on the way, each once. */
    private final int[] features;

    /** See {@link Path#steps}. */
    private final int[] steps;

    /** For each set of agreeing features (as bits), one contribution per feature of the path. */
    private final double[] shares;

    LeafTable(Path path, double[] shares) {
      this.features = path.features;
      this.steps = path.steps;
      this.shares = shares;
    }
  }

  /** True when the tables of such trees stay within their bound. */
  static boolean fits(List<BoostedTree> trees) {
    long numbers = 0;
    for (BoostedTree tree : trees) {
      int depth = tree.depth();
      numbers += (long) depth << (2 * depth);
    }
    return numbers <= TABLE_NUMBERS_MAX;
  }

  static TreeContributions of(List<BoostedTree> trees, float baseMargin) {
    TreeContributions contributions = new TreeContributions(baseMargin);
    for (BoostedTree tree : trees) {
      contributions.add(tree, new Path());
    }
    return contributions;
  }

  /** The way from a root to a node. */
  private static final class Path {
    /** The features asked on the way, each once. */
    private final int[] features;

    /**
     * From the lowest bit: 1 if the way goes left; three bits for which of {@link #features} is
     * asked; the split's number.
     */
    private final int[] steps;

    /** Per feature, the share of the training data that goes this way at its splits. */
    private final double[] shares;

    Path() {
      this(new int[0], new int[0], new double[0]);
    }

    private Path(int[] features, int[] steps, double[] shares) {
      this.features = features;
      this.steps = steps;
      this.shares = shares;
    }

    Path step(int splitNumber, BoostedTree.Split split, boolean left) {
      int place = 0;
      while (place < features.length && features[place] != split.feature()) {
        place++;
      }
      boolean isNew = place == features.length;
      int[] nextFeatures = Arrays.copyOf(features, features.length + (isNew ? 1 : 0));
      double[] nextShares = Arrays.copyOf(shares, nextFeatures.length);
      nextFeatures[place] = split.feature();
      double cover = (left ? split.left() : split.right()).cover();
      nextShares[place] = (isNew ? 1 : shares[place]) * cover / split.cover();
      int[] nextSteps = Arrays.copyOf(steps, steps.length + 1);
      nextSteps[steps.length] = (splitNumber << STEP_SHIFT) | (place << 1) | (left ? 1 : 0);
      return new Path(nextFeatures, nextSteps, nextShares);
    }
  }

  private void add(BoostedTree node, Path path) {
    switch (node) {
      case BoostedTree.Leaf leaf -> {
        double whole = leaf.value();
        for (double share : path.shares) {
          whole *= share;
        }
        expected += whole;
        leaves.add(new LeafTable(path, shares(leaf.value(), path.shares)));
      }
      case BoostedTree.Split split -> {
        int number = splits.size();
        splits.add(split);
        add(split.left(), path.step(number, split, true));
        add(split.right(), path.step(number, split, false));
      }
    }
  }

  /**
   * A leaf's game: a coalition S of features gives the leaf's value times 1 for each feature of S
   * that agrees (0 if one does not), times the training data's share for each feature outside S.
   */
  private static double[] shares(double value, double[] shares) {
    int players = shares.length;
    int cases = 1 << players;
    double[] table = new double[players * cases];
    for (int agreeing = 0; agreeing < cases; agreeing++) {
      for (int player = 0; player < players; player++) {
        double own = ((agreeing >> player) & 1) - shares[player];
        table[agreeing * players + player] = value * own * weight(agreeing, player, shares);
      }
    }
    return table;
  }

  /** Over all coalitions of the other agreeing players: Shapley's weight times what they give. */
  private static double weight(int agreeing, int player, double[] shares) {
    int players = shares.length;
    int others = agreeing & ~(1 << player);
    double sum = 0;
    for (int coalition = others; ; coalition = (coalition - 1) & others) {
      double gives = 1;
      for (int i = 0; i < players; i++) {
        gives *= i == player || ((coalition >> i) & 1) == 1 ? 1 : shares[i];
      }
      int size = Integer.bitCount(coalition);
      sum += gives * factorial(size) * factorial(players - size - 1) / factorial(players);
      if (coalition == 0) {
        return sum;
      }
    }
  }

  private static double factorial(int n) {
    return n <= 1 ? 1 : n * factorial(n - 1);
  }

  @Override
  public double[][] of(float[] rows, int count, int width) {
    double[][] contributions = new double[count][];
    for (int i = 0; i < count; i++) {
      contributions[i] = row(rows, i * width, width);
    }
    return contributions;
  }

  /** Tables are on the heap: nothing to free. */
  @Override
  public void close() {}

  private double[] row(float[] rows, int offset, int width) {
    int[] left = new int[splits.size()];
    for (int i = 0; i < left.length; i++) {
      BoostedTree.Split split = splits.get(i);
      left[i] = split.goesLeft(rows[offset + split.feature()]) ? 1 : 0;
    }
    double[] contributions = new double[width + 1];
    contributions[width] = expected;
    for (LeafTable leaf : leaves) {
      int players = leaf.features.length;
      int agreeing = (1 << players) - 1;
      for (int step : leaf.steps) {
        // Whether this split of the path goes another way than the row, without a branch to guess.
        int strays = (left[step >> STEP_SHIFT] ^ step) & 1;
        agreeing &= ~(strays << ((step >> 1) & PLACE_MASK));
      }
      for (int i = 0; i < players; i++) {
        contributions[leaf.features[i]] += leaf.shares[agreeing * players + i];
      }
    }
    return contributions;
  }
}
