package io.penumbra.placement.risk;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/**
 * The trees of an XGBoost model, laid out for speed: every tree is filled up to the same depth, so
 * that walking one is a fixed number of steps over a small array without a branch to mispredict.
 * Adds the leaves in the order and precision XGBoost does, so margins are the same bit for bit; a
 * call into XGBoost for one row costs a hundred times more, nearly all of it for building a matrix.
 */
final class TreeEnsemble {

  /** Filling up doubles a tree with each level; 8 levels of 5,000 trees are 10 MB. */
  static final int DEPTH_MAX = 8;

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private final int trees;
  private final int depth;
  private final int width;
  private final float baseMargin;

  /** Per inner node: the feature's column, twice, plus 1 where "not measured" goes right. */
  private final int[] splits;

  private final float[] thresholds;
  private final float[] leaves;

  private TreeEnsemble(int trees, int depth, int width, float baseMargin) {
    this.trees = trees;
    this.depth = depth;
    this.width = width;
    this.baseMargin = baseMargin;
    splits = new int[trees << depth];
    thresholds = new float[trees << depth];
    leaves = new float[trees << depth];
  }

  /**
   * Reads XGBoost's own JSON model format.
   *
   * @param baseMargin what every sum starts from
   */
  static TreeEnsemble read(byte[] booster, int width, float baseMargin)
      throws UnusableModelException {
    JsonNode model;
    try {
      model = JSON.readTree(booster).path("learner");
    } catch (IOException e) {
      throw new UnusableModelException("its trees are not JSON: " + e.getMessage(), e);
    }
    int features = model.path("learner_model_param").path("num_feature").asInt(-1);
    if (features != width) {
      throw new UnusableModelException(
          "its trees read %d features, its feature list has %d".formatted(features, width));
    }
    JsonNode trees = model.path("gradient_booster").path("model").path("trees");
    if (!trees.isArray() || trees.isEmpty()) {
      throw new UnusableModelException("it has no trees");
    }
    return read(trees, width, baseMargin);
  }

  private static TreeEnsemble read(JsonNode trees, int width, float baseMargin)
      throws UnusableModelException {
    int depth = 1;
    for (JsonNode tree : trees) {
      depth = Math.max(depth, depth(tree, 0, 0));
    }
    TreeEnsemble ensemble = new TreeEnsemble(trees.size(), depth, width, baseMargin);
    for (int i = 0; i < trees.size(); i++) {
      ensemble.fill(trees.get(i), i << depth, 1, 0, 0);
    }
    return ensemble;
  }

  private static int depth(JsonNode tree, int node, int above) throws UnusableModelException {
    if (above > DEPTH_MAX) {
      throw new UnusableModelException(
          "one of its trees is deeper than %d levels".formatted(DEPTH_MAX));
    }
    int left = tree.path("left_children").path(node).asInt(-1);
    int right = tree.path("right_children").path(node).asInt(-1);
    if (left < 0) {
      return above;
    }
    return Math.max(depth(tree, left, above + 1), depth(tree, right, above + 1));
  }

  /**
   * Copies one node and all below it.
   *
   * @param slot where it stands in a full tree whose root is 1 and whose children are 2n and 2n+1
   */
  private void fill(JsonNode tree, int base, int slot, int node, int level)
      throws UnusableModelException {
    int left = tree.path("left_children").path(node).asInt(-1);
    float condition = number(tree.path("split_conditions").path(node));
    if (level == depth) {
      leaves[base + slot - (1 << depth)] = condition;
    } else if (left < 0) {
      // A leaf above the lowest level: both ways lead to copies of it.
      thresholds[base + slot] = Float.POSITIVE_INFINITY;
      fill(tree, base, 2 * slot, node, level + 1);
      fill(tree, base, 2 * slot + 1, node, level + 1);
    } else {
      int feature = tree.path("split_indices").path(node).asInt(-1);
      if (feature < 0 || feature >= width || tree.path("split_type").path(node).asInt(0) != 0) {
        throw new UnusableModelException(
            "one of its trees splits feature %d in a way this build cannot read"
                .formatted(feature));
      }
      boolean missingGoesLeft = tree.path("default_left").path(node).asInt(0) == 1;
      splits[base + slot] = feature << 1 | (missingGoesLeft ? 0 : 1);
      thresholds[base + slot] = condition;
      fill(tree, base, 2 * slot, left, level + 1);
      int right = tree.path("right_children").path(node).asInt(-1);
      fill(tree, base, 2 * slot + 1, right, level + 1);
    }
  }

  /** Straight to a float: by way of a double, a number could be rounded twice. */
  private static float number(JsonNode value) throws UnusableModelException {
    if (!value.isNumber()) {
      throw new UnusableModelException("one of its trees lacks a number");
    }
    return Float.parseFloat(value.asText());
  }

  int trees() {
    return trees;
  }

  /** The margin (log-odds before calibration) of the row at {@code offset}. */
  float margin(float[] rows, int offset) {
    float sum = baseMargin;
    int leafBase = 1 << depth;
    for (int tree = 0; tree < trees; tree++) {
      int base = tree << depth;
      int slot = 1;
      for (int level = 0; level < depth; level++) {
        int split = splits[base + slot];
        float value = rows[offset + (split >> 1)];
        int missing = Float.isNaN(value) ? split & 1 : 0;
        slot = 2 * slot + (value >= thresholds[base + slot] ? 1 : missing);
      }
      sum += leaves[base + slot - leafBase];
    }
    return sum;
  }
}
