package io.penumbra.placement.risk;

/** Says what each feature of a row adds to its margin (Shapley values, in log-odds). */
interface Contributions extends AutoCloseable {

  /**
   * One line per row: a number per feature, and what all rows start from last. A line sums to the
   * row's margin.
   */
  double[][] of(float[] rows, int count, int width);

  @Override
  void close();
}
