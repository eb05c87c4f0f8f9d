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
public sealed interface HostView permits LiveHost {

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

  /**
   * How many vCPUs more than now would have to be held back here if a shadow with this reserve came
   * whose primary is on {@code primary}; any shortfall of the reserve is part of it.
   */
  int reserveGrowthVcpus(HostView primary, int reserve);

  long reserveGrowthMemoryMib(HostView primary, long reserve);

  long reserveGrowthDiskGib(HostView primary, long reserve);

  boolean sharesDomain(HostView other, DomainKind kind);

  boolean sharesHardware(HostView other, HardwareAspect aspect);

  /** Whether both went into service in the same cohort of {@link #COHORT_DAYS} days. */
  boolean sharesCohort(HostView other);

  boolean hasTrait(String trait);

  /** Length of an age cohort: hosts bought together tend to fail together. */
  int COHORT_DAYS = 90;
}
