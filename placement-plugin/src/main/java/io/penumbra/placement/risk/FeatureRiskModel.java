package io.penumbra.placement.risk;

/**
 * A risk model that reads a row of numbers, for callers with millions of samples: they fill one
 * array again and again ({@link FeatureList#write}) and nothing is allocated per row.
 */
public interface FeatureRiskModel extends RiskModel {

  /** Which number stands where in a row. */
  FeatureList features();

  /**
   * Scores {@code rows} rows that lie one after the other.
   *
   * @param features row after row, each {@link FeatureList#width()} long; NaN is "not measured"
   * @param rows how many rows to score; the arrays may be longer
   * @param probabilities receives one probability per row
   */
  void score(float[] features, int rows, float[] probabilities);
}
