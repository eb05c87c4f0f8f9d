package io.penumbra.sync.predict;

/** What is seen of a changed page at a glance, before it is coded. */
public final class PageShape {

  /**
   * With more changed words than this, a page holds something new rather than something changed.
   */
  private static final int NEW = 128;

  private PageShape() {}

  /** How many of a page's 512 words of 64 bits have changed. */
  public static int changedWords(byte[] before, byte[] now) {
    return Words.changed(before, now);
  }

  /** Whether most of a page is new. */
  public static boolean isNew(byte[] before, byte[] now) {
    return Words.changed(before, now) > NEW;
  }

  /**
   * Whether the model would know little of the page: most of it is new, and doesn't go on in even
   * steps.
   */
  public static boolean isForeign(byte[] before, byte[] now) {
    return isNew(before, now) && Words.stride(before, now) == 0 && !Words.allZero(now);
  }
}
