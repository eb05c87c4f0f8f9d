package io.penumbra.sync.predict;

/** What is seen of a changed page at a glance, before it is coded. */
public final class PageShape {

  /**
   * With more changed words than this, a page holds something new rather than something changed.
   */
  private static final int NEW = 128;

  private PageShape() {}

  /**
   * Whether the model would know little of the page: most of it is new, and doesn't go on in even
   * steps.
   */
  public static boolean isForeign(byte[] before, byte[] now) {
    return Words.changed(before, now) > NEW
        && Words.stride(before, now) == 0
        && !Words.allZero(now);
  }
}
