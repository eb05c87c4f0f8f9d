package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostAttribute;
import io.penumbra.placement.fleet.HostView;
import java.util.Optional;

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

  /**
   * The attribute that decides alone: {@link #shared} is 1 when two hosts are equal in it, else 0.
   * Empty when there is none. Naming it changes no decision; it lets a search pass over hosts that
   * are all like the primary.
   */
  default Optional<HostAttribute> attribute() {
    return Optional.empty();
  }
}
