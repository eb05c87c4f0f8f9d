package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostView;

/**
 * An example of a weigher of one's own: scores the length of a host's name. A positive multiplier
 * prefers long names; by default it is 0, off.
 *
 * <p>Raw: characters. Scale: n / (n + 10).
 */
public final class NameLengthWeigher implements HostWeigher {

  @Override
  public String name() {
    return "example-name-length";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return 0;
  }

  @Override
  public double raw(HostView host) {
    return host.host().id().value().length();
  }

  @Override
  public double normalise(double raw) {
    return raw / (raw + 10);
  }
}
