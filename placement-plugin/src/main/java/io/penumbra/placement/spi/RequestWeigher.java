package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostView;

/**
 * Scores a host for one request. It cannot be indexed: while it concerns a request, every host that
 * could still win by it is looked at, so let it concern as few requests as possible.
 *
 * <p>Implement it with a public constructor without arguments and name the class in {@code
 * META-INF/services/io.penumbra.placement.spi.RequestWeigher}.
 */
public interface RequestWeigher {

  /** Unique name, in lower case with dashes; its multiplier is configured under it. */
  String name();

  /** The multiplier where none is configured; 0 switches the weigher off for this role. */
  double defaultMultiplier(Role role);

  /** Whether the request gives any host another score than 0. */
  boolean concerns(Ask ask);

  /** The value in the weigher's own unit; asked only when it concerns the request. */
  double raw(HostView host, Ask ask);

  /** Maps a raw value to 0..1 by a fixed scale. */
  double normalise(double raw);
}
