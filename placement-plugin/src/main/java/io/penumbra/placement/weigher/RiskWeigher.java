package io.penumbra.placement.weigher;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.HostWeigher;
import io.penumbra.placement.spi.Role;

/**
 * Scores how likely a host is to fail. A negative multiplier, the default, avoids risky hosts; a
 * positive one would seek them.
 *
 * <p>Raw: probability of failure within the model's horizon, {@link #UNKNOWN} for a host without a
 * score. Scale: logarithmic, 0 at 1 in 10,000 and below, 1 at certainty, so each tenfold risk
 * counts a quarter.
 */
public final class RiskWeigher implements HostWeigher {

  @Override
  public String name() {
    return "risk";
  }

  @Override
  public double defaultMultiplier(Role role) {
    return switch (role) {
      case PRIMARY -> -1.0;
      case SHADOW -> -0.5;
    };
  }

  @Override
  public double raw(HostView host) {
    return host.riskOr(UNKNOWN);
  }

  @Override
  public double normalise(double raw) {
    return 1 + Math.log10(Math.max(raw, LEAST)) / 4;
  }

  /**
   * Taken for hosts that no model has scored: about one failure a year within a horizon of days.
   */
  public static final double UNKNOWN = 0.01;

  private static final double LEAST = 1e-4;
}
