package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostView;

/**
 * Scores what two hosts have in common that could make them fail together. A negative multiplier
 * keeps primary and shadow apart. With several instances of a VM the mean over them counts.
 *
 * <p>Implement it with a public constructor without arguments and name the class in {@code
 * META-INF/services/io.penumbra.placement.spi.PairWeigher}.
 */
public interface PairWeigher {

  /** Unique name, in lower case with dashes; its multiplier is configured under it. */
  String name();

  /** The multiplier where none is configured. */
  double defaultMultiplier();

  /** How much the two share, 0 nothing to 1 everything; the same whichever comes first. */
  double shared(HostView one, HostView other);
}
