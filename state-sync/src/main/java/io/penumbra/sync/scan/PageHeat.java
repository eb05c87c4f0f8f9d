package io.penumbra.sync.scan;

/**
 * How often pages have changed lately: a count that is halved every few cuts. Says in which order
 * pages are sent: what is hot will be needed first by a shadow that takes over. One byte per page.
 */
public final class PageHeat {

  /** What one change adds. */
  private static final int STEP = 16;

  private static final int MOST = 255;

  /** Cuts after which all heat is halved. */
  private static final int HALF_LIFE = 8;

  private final byte[] heat;
  private int cuts;

  public PageHeat(int pages) {
    heat = new byte[pages];
  }

  /** These pages have changed in one more cut. */
  public void changed(int[] pages) {
    if (++cuts % HALF_LIFE == 0) {
      for (int page = 0; page < heat.length; page++) {
        heat[page] = (byte) ((heat[page] & 0xff) >> 1);
      }
    }
    for (int page : pages) {
      heat[page] = (byte) Math.min(MOST, of(page) + STEP);
    }
  }

  /** From 0, never changed, to 255. */
  public int of(int page) {
    return heat[page] & 0xff;
  }

  /** The same pages, hottest first; equally hot ones in order, as neighbours compress well. */
  public int[] hottestFirst(int[] pages) {
    int[] starts = new int[MOST + 2];
    for (int page : pages) {
      starts[MOST - of(page) + 1]++;
    }
    for (int i = 1; i < starts.length; i++) {
      starts[i] += starts[i - 1];
    }
    int[] ordered = new int[pages.length];
    for (int page : pages) {
      ordered[starts[MOST - of(page)]++] = page;
    }
    return ordered;
  }
}
