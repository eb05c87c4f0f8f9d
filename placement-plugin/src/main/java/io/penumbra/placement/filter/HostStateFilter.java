package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;

/** Refuses hosts that are not in service: in maintenance, quarantined, stale or down. */
public final class HostStateFilter implements HostFilter {

  @Override
  public String name() {
    return "host-state";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    return host.condition().acceptsPlacements();
  }

  @Override
  public String asked(Ask ask) {
    return "UP";
  }

  @Override
  public String available(HostView host, Ask ask) {
    return host.condition().name();
  }
}
