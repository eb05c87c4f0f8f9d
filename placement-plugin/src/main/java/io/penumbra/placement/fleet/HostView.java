package io.penumbra.placement.fleet;

import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import java.util.Optional;

/**
 * One host as the fleet sees it now. A view is live: it shows every change at once, and it is used
 * only by the thread that owns the fleet, only as long as the host is part of it.
 */
public interface HostView {

  Host host();

  HostCondition condition();

  Optional<RiskScore> risk();

  /** Probability of failure within the model's horizon, or {@code unknown} without a score. */
  double riskOr(double unknown);

  /** What may be promised here: the hardware times the overcommit ratios. */
  Resources effectiveCapacity();

  /** Promised outright: primaries, claims, and the resident parts of shadows. */
  Resources allocated();

  /** Held back so that the shadows here can be promoted when any single failure domain fails. */
  Resources reserved();

  /**
   * What the reserve should hold more but cannot, because promotions or moves of primaries used it
   * up. Above zero, some shadow here is not fully covered and wants another place.
   */
  Resources reserveShortfall();

  /** Neither allocated nor reserved. */
  Resources free();

  int primaries();

  int shadows();

  // The same numbers without objects, for filters and weighers that are asked very often.

  int freeVcpus();

  long freeMemoryMib();

  long freeDiskGib();

  int capacityVcpus();

  long capacityMemoryMib();

  long capacityDiskGib();

  /** Share of the rack's effective memory that is free, 0 to 1. */
  double rackFreeShare();

  boolean sharesDomain(HostView other, DomainKind kind);

  boolean sharesHardware(HostView other, HardwareAspect aspect);

  /** Whether both went into service in the same cohort of {@link #COHORT_DAYS} days. */
  boolean sharesCohort(HostView other);

  boolean hasTrait(String trait);

  /** Length of an age cohort: hosts bought together tend to fail together. */
  int COHORT_DAYS = 90;
}
