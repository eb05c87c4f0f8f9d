package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Role;

/** Refuses hosts outside the availability zone that is asked for; shadows may stand in any. */
public final class ZoneFilter implements HostFilter {

  @Override
  public String name() {
    return "zone";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    return ask.role() == Role.SHADOW
        || ask.request().zone().isEmpty()
        || ask.request().zone().get().equals(host.host().location().zone());
  }

  @Override
  public String asked(Ask ask) {
    return ask.request().zone().orElse("any zone");
  }

  @Override
  public String available(HostView host, Ask ask) {
    return host.host().location().zone();
  }
}
