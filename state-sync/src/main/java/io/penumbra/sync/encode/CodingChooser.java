package io.penumbra.sync.encode;

import java.util.EnumMap;

/**
 * Chooses the coding that has been cheapest lately, by what its bytes and its CPU time cost. Every
 * so often another is tried, so that a change of load is noticed. Holds no clock: what a block took
 * is told to it.
 */
final class CodingChooser {

  private static final int TRY_EVERY = 64;
  private static final double NEWEST = 0.2;

  private final Prices prices;

  /** What a page has cost lately; without those never tried. */
  private final EnumMap<Coding, Double> costs = new EnumMap<>(Coding.class);

  private int choices;

  CodingChooser(Prices prices) {
    this.prices = prices;
  }

  Coding choose() {
    if (costs.size() < Coding.values().length) {
      return costs.isEmpty() ? Coding.RUNS : Coding.MODEL;
    }
    choices = (choices + 1) % TRY_EVERY;
    boolean runsAreCheaper = cost(Coding.RUNS) < cost(Coding.MODEL);
    return runsAreCheaper == (choices != 0) ? Coding.RUNS : Coding.MODEL;
  }

  void measured(Coding coding, int pages, long bytes, long nanoseconds) {
    double cost = prices.of(bytes, nanoseconds) / pages;
    costs.merge(coding, cost, (was, is) -> was + NEWEST * (is - was));
  }

  private double cost(Coding coding) {
    return costs.getOrDefault(coding, 0.0);
  }
}
