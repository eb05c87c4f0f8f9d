package io.penumbra.placement.risk;

import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.XGBoostError;

/** Contributions as XGBoost works them out, for models too large for {@link TreeContributions}. */
record BoosterContributions(Booster booster) implements Contributions {

  static BoosterContributions load(byte[] trees) throws UnusableModelException {
    return new BoosterContributions(NativeXgBoost.call(() -> NativeXgBoost.load(trees)));
  }

  @Override
  public double[][] of(float[] rows, int count, int width) {
    float[][] single;
    try {
      single = NativeXgBoost.contributions(booster, rows, count, width);
    } catch (XGBoostError e) {
      throw new IllegalStateException(
          "XGBoost gives no contributions for %d rows; maybe the model was closed".formatted(count),
          e);
    }
    double[][] contributions = new double[count][width + 1];
    for (int row = 0; row < count; row++) {
      for (int i = 0; i <= width; i++) {
        contributions[row][i] = single[row][i];
      }
    }
    return contributions;
  }

  /** Frees what XGBoost holds outside the heap. */
  @Override
  public void close() {
    booster.dispose();
  }
}
