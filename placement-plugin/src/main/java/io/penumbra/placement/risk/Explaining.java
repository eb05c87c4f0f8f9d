package io.penumbra.placement.risk;

import io.penumbra.domain.Guard;

/**
 * When and how far a score is explained. A score's contributions cost some twenty times what the
 * score does, and hosts that are well need no explanation.
 *
 * @param from scores from this probability on carry their drivers; 1 for almost none, 0 for all
 * @param driversMax how many drivers, the largest contributions first
 */
public record Explaining(double from, int driversMax) {

  /** From 2 % on, five drivers. */
  public static final Explaining USUAL = new Explaining(0.02, 5);

  public Explaining {
    Guard.share("probability from which scores are explained", from);
    Guard.notNegative("most drivers per score", driversMax);
  }
}
