package io.penumbra.sync.session;

/**
 * How far the receiver goes when pages turn out wrong. Up to a number of them it asks for just
 * those; beyond, it compares the whole region's hashes with the sender's; and when too many regions
 * are concerned, or the root still does not come out right, those of all pages.
 *
 * @param pagesMax wrong pages of a region in one epoch that are asked for one by one
 * @param regionsMax regions in one epoch that are compared one by one
 */
public record EscalationPolicy(int pagesMax, int regionsMax) {

  public static final EscalationPolicy DEFAULT = new EscalationPolicy(1024, 2);

  public EscalationPolicy {
    if (pagesMax < 0 || regionsMax < 0) {
      throw new IllegalArgumentException(
          "pagesMax %d, regionsMax %d; expected 0 or more".formatted(pagesMax, regionsMax));
    }
  }
}
