package io.penumbra.placement;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How placement weighs.
 *
 * @param weighers multipliers by the weigher's name; a weigher that is not named keeps its default
 * @param jointFailure multipliers by the pair weigher's name: how much what primary and shadow have
 *     in common counts against a pair
 * @param pairCandidatesMax best primaries for which shadows are searched before a decision is made
 *     with what was found
 * @param sizing how much a shadow holds for itself
 */
public record PlacementSettings(
    SortedMap<String, Multipliers> weighers,
    SortedMap<String, Double> jointFailure,
    int pairCandidatesMax,
    ShadowSizing sizing) {

  public PlacementSettings {
    weighers = Collections.unmodifiableSortedMap(new TreeMap<>(weighers));
    jointFailure = Collections.unmodifiableSortedMap(new TreeMap<>(jointFailure));
    if (pairCandidatesMax < 1) {
      throw new IllegalArgumentException(
          "pairCandidatesMax is %d; expected 1 or more".formatted(pairCandidatesMax));
    }
  }

  /** Every weigher with its own default multiplier. */
  public static PlacementSettings defaults() {
    return new PlacementSettings(new TreeMap<>(), new TreeMap<>(), 32, ShadowSizing.defaults());
  }

  /** The same with other multipliers for one weigher. */
  public PlacementSettings with(String weigher, double primary, double shadow) {
    TreeMap<String, Multipliers> changed = new TreeMap<>(weighers);
    changed.put(weigher, new Multipliers(primary, shadow));
    return new PlacementSettings(changed, jointFailure, pairCandidatesMax, sizing);
  }

  /** What a weigher counts for a primary's host and for a shadow's. */
  public record Multipliers(double primary, double shadow) {
    public Multipliers {
      if (!Double.isFinite(primary) || !Double.isFinite(shadow)) {
        throw new IllegalArgumentException(
            "multipliers are %s and %s; expected finite numbers".formatted(primary, shadow));
      }
    }
  }
}
