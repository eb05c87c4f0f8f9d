package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostView;

/**
 * Scores a host by what it is and holds, whoever asks. Because the score does not depend on the
 * request it is kept in the index and computed only when the host changes.
 *
 * <p>Implement it with a public constructor without arguments and name the class in {@code
 * META-INF/services/io.penumbra.placement.spi.HostWeigher}. State in the first paragraph of its
 * javadoc what a positive multiplier prefers.
 */
public interface HostWeigher {

  /** Unique name, in lower case with dashes; its multiplier is configured under it. */
  String name();

  /** The multiplier where none is configured; 0 switches the weigher off for this role. */
  double defaultMultiplier(Role role);

  /** The value in the weigher's own unit. */
  double raw(HostView host);

  /** Maps a raw value to 0..1 by a scale that is fixed, whoever else is in the fleet. */
  double normalise(double raw);

  /** True when the value also changes as other hosts of the rack change. */
  default boolean looksAtRack() {
    return false;
  }
}
