package io.penumbra.sync.predict;

import java.util.Arrays;

/**
 * Says which of the pages that have changed since the last cut will change again before the next
 * one, from how often each has changed of late. The others are settled: they can go ahead of the
 * cut, so that less is left to send when it is taken; a settled page that changes after all is sent
 * twice. One byte a page.
 */
public final class NextDirtyPredictor {

  /** A page that changes in every interval tends to this, one that never does to 0. */
  private static final int ALWAYS = 255;

  /** An eighth of it, as much as a page that always changes loses in an interval. */
  private static final int STEP = 32;

  private final byte[] rates;
  private final int likely;

  /**
   * Knows nothing of any page.
   *
   * @param likelyAbove the share of intervals with a change from which on the next one is likely to
   *     be one, too
   */
  public NextDirtyPredictor(int pages, double likelyAbove) {
    if (pages < 1 || !(likelyAbove > 0 && likelyAbove < 1)) {
      throw new IllegalArgumentException(
          "%d pages, likely above %s; expected 1 or more, and between 0 and 1"
              .formatted(pages, likelyAbove));
    }
    rates = new byte[pages];
    likely = (int) (likelyAbove * ALWAYS);
  }

  /** One interval has passed in which these pages changed; the intervals are to be even. */
  public void observed(int[] changed) {
    for (int page = 0; page < rates.length; page++) {
      int rate = rates[page] & ALWAYS;
      rates[page] = (byte) (rate - (rate >>> 3) - (rate > 0 && rate < 8 ? 1 : 0));
    }
    for (int page : changed) {
      int rate = rates[page] & ALWAYS;
      rates[page] = (byte) Math.min(ALWAYS, rate + STEP);
    }
  }

  /** Whether a page is likely to change in the next interval. */
  public boolean isLikely(int page) {
    return (rates[page] & ALWAYS) > likely;
  }

  /** Those of some pages that can go ahead of the cut. */
  public int[] settled(int[] pages) {
    return Arrays.stream(pages).filter(page -> !isLikely(page)).toArray();
  }
}
