package io.penumbra.domain.fleet;

/** The kinds of failure domain, from the narrowest to the widest. */
public enum DomainKind {
  HOST,
  CHASSIS,
  RACK,
  POWER_FEED,
  ZONE;

  /** The name of the domain of this kind that a host stands in. */
  public String of(Host host) {
    return switch (this) {
      case HOST -> host.id().value();
      case CHASSIS -> host.location().chassis();
      case RACK -> host.location().rack();
      case POWER_FEED -> host.location().powerFeed();
      case ZONE -> host.location().zone();
    };
  }
}
