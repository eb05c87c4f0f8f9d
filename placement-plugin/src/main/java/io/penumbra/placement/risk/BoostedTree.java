package io.penumbra.placement.risk;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One tree of an XGBoost model, as its JSON format describes it. */
sealed interface BoostedTree {

  /** Everything made from trees is bounded by this: 8 levels are at most 256 leaves. */
  int DEPTH_MAX = 8;

  /** How much of the training data came here, in units of curvature (XGBoost's sum_hessian). */
  double cover();

  /** Levels below this node. */
  int depth();

  /** A number to add. */
  record Leaf(float value, double cover) implements BoostedTree {
    @Override
    public int depth() {
      return 0;
    }
  }

  /**
   * Asks one feature: smaller than the threshold goes left.
   *
   * @param missingGoesLeft where "not measured" goes
   */
  record Split(
      int feature,
      float threshold,
      boolean missingGoesLeft,
      double cover,
      BoostedTree left,
      BoostedTree right)
      implements BoostedTree {
    @Override
    public int depth() {
      return 1 + Math.max(left.depth(), right.depth());
    }

    boolean goesLeft(float value) {
      return Float.isNaN(value) ? missingGoesLeft : value < threshold;
    }
  }

  /** Reads all trees of a model in XGBoost's own JSON format. */
  static List<BoostedTree> readAll(byte[] booster, int width) throws UnusableModelException {
    JsonNode model;
    try {
      model = Json.MAPPER.readTree(booster).path("learner");
    } catch (IOException e) {
      throw new UnusableModelException("its trees are not JSON: " + e.getMessage(), e);
    }
    int features = model.path("learner_model_param").path("num_feature").asInt(-1);
    if (features != width) {
      throw new UnusableModelException(
          "its trees read %d features, its feature list has %d".formatted(features, width));
    }
    JsonNode array = model.path("gradient_booster").path("model").path("trees");
    if (!array.isArray() || array.isEmpty()) {
      throw new UnusableModelException("it has no trees");
    }
    List<BoostedTree> trees = new ArrayList<>(array.size());
    for (JsonNode tree : array) {
      trees.add(new Json(tree, width).node(0, 0));
    }
    return trees;
  }

  /** One tree's JSON: an array per property, an entry per node. */
  record Json(JsonNode tree, int width) {

    private static final ObjectMapper MAPPER =
        new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    private BoostedTree node(int index, int level) throws UnusableModelException {
      if (level > DEPTH_MAX) {
        throw new UnusableModelException(
            "one of its trees is deeper than %d levels".formatted(DEPTH_MAX));
      }
      float condition = number("split_conditions", index);
      float cover = number("sum_hessian", index);
      int left = whole("left_children", index);
      if (left < 0) {
        return new Leaf(condition, cover);
      }
      int feature = whole("split_indices", index);
      if (feature < 0 || feature >= width || whole("split_type", index) != 0) {
        throw new UnusableModelException(
            "one of its trees splits feature %d in a way this build cannot read"
                .formatted(feature));
      }
      return new Split(
          feature,
          condition,
          whole("default_left", index) == 1,
          cover,
          node(left, level + 1),
          node(whole("right_children", index), level + 1));
    }

    private int whole(String property, int index) {
      return tree.path(property).path(index).asInt(-1);
    }

    /** Straight to a float: by way of a double, a number could be rounded twice. */
    private float number(String property, int index) throws UnusableModelException {
      JsonNode value = tree.path(property).path(index);
      if (!value.isNumber()) {
        throw new UnusableModelException(
            "one of its trees lacks %s of node %d".formatted(property, index));
      }
      return Float.parseFloat(value.asText());
    }
  }
}
