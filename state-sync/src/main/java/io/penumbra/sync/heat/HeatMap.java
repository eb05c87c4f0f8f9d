package io.penumbra.sync.heat;

import io.penumbra.domain.Guard;
import java.util.Arrays;

/**
 * How often each page was touched lately. A touch counts 1 in its epoch and half as much every
 * half-life after it.
 *
 * <p>Nothing has to be aged: touches grow in weight with time instead of fading (forward decay:
 * Cormode, Shkapenyuk, Srivastava, Xu, "Forward decay: a practical time decay model for streaming
 * systems", ICDE 2009), and a page keeps the logarithm of its sum, so that it never overflows and
 * the order of two pages never changes while neither is touched. Eight bytes a page. Owned by one
 * thread.
 */
public final class HeatMap {

  private static final double NEVER = Double.NEGATIVE_INFINITY;

  /** In how many steps a halving is divided when pages are put in order. */
  private static final double STEPS = 1 << 20;

  /** For each page the base-2 logarithm of the sum of 2^(epoch/halfLife) over its touches. */
  private final double[] logSums;

  private final double halfLifeEpochs;

  /** A map in which no page was ever touched. */
  public HeatMap(int pages, double halfLifeEpochs) {
    Guard.notNegative("pages", pages);
    Guard.positive("half-life in epochs", halfLifeEpochs);
    this.logSums = new double[pages];
    this.halfLifeEpochs = halfLifeEpochs;
    Arrays.fill(logSums, NEVER);
  }

  public int pages() {
    return logSums.length;
  }

  /** A page was touched in this epoch. */
  public void touch(int page, long epoch) {
    logSums[page] = addLogs(logSums[page], epoch / halfLifeEpochs);
  }

  /** Whether it was touched at all. */
  public boolean touched(int page) {
    return logSums[page] != NEVER;
  }

  /** How many touches its past is worth in this epoch; 0 if it was never touched. */
  public double heat(int page, long epoch) {
    return Math.pow(2, logSums[page] - epoch / halfLifeEpochs);
  }

  /** Puts the first pages of an array in order: hottest first, equals by number. */
  public void hottestFirst(int[] pages, int count) {
    double hottest = NEVER;
    for (int i = 0; i < count; i++) {
      hottest = Math.max(hottest, logSums[pages[i]]);
    }
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      keys[i] = (coldness(pages[i], hottest) << Integer.SIZE) | pages[i];
    }
    Arrays.sort(keys);
    for (int i = 0; i < count; i++) {
      pages[i] = (int) keys[i];
    }
  }

  /** How many halvings a page is behind the hottest one, in steps that are 31 bits at most. */
  private long coldness(int page, double hottest) {
    if (!touched(page)) {
      return Integer.MAX_VALUE;
    }
    return Math.min(Math.round((hottest - logSums[page]) * STEPS), Integer.MAX_VALUE - 1);
  }

  private static double addLogs(double one, double other) {
    double larger = Math.max(one, other);
    double smaller = Math.min(one, other);
    return smaller == NEVER ? larger : larger + log2(1 + Math.pow(2, smaller - larger));
  }

  private static double log2(double value) {
    return Math.log(value) / Math.log(2);
  }
}
