package io.penumbra.domain.fleet;

import io.penumbra.domain.Guard;

/** Where a host stands: the failure domains around it, from the widest to the narrowest. */
public record Location(String zone, String powerFeed, String rack, String chassis) {

  public Location {
    Guard.identifier("zone", zone);
    Guard.identifier("power feed", powerFeed);
    Guard.identifier("rack", rack);
    Guard.identifier("chassis", chassis);
  }
}
