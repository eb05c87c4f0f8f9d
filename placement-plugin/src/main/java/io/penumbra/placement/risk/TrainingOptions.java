package io.penumbra.placement.risk;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * How a risk model is trained.
 *
 * @param horizon how far ahead it is to look
 * @param seed for the rows and columns that each tree sees, and for the split by host
 * @param rounds number of trees
 * @param depth of each tree, at most {@value BoostedTree#DEPTH_MAX}
 * @param learningRate how much of each tree's advice is taken
 */
public record TrainingOptions(
    Duration horizon, long seed, int rounds, int depth, double learningRate) {

  private static final int ROUNDS_MAX = 5000;

  public TrainingOptions {
    if (horizon.isNegative() || horizon.isZero()) {
      throw new IllegalArgumentException(
          "horizon is %s; expected more than 0, for example 7d".formatted(horizon));
    }
    between("rounds", rounds, 1, ROUNDS_MAX);
    between("depth", depth, 1, BoostedTree.DEPTH_MAX);
    Guard.positive("learning rate", learningRate);
  }

  /**
   * 100 trees of depth 4: deep enough for the interactions in host telemetry, small enough that all
   * trees stay in the processor's nearest cache while millions of rows are scored.
   */
  public static TrainingOptions of(Duration horizon, long seed) {
    return new TrainingOptions(horizon, seed, 100, 4, 0.1);
  }

  private static void between(String what, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          "%s is %d; expected %d to %d".formatted(what, value, low, high));
    }
  }
}
