package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Role;
import java.util.Collections;

/**
 * Refuses hosts that a scheduler has struck off before it asked; shadows may stand on any, because
 * what it went by, such as a host aggregate of one tenant, was said of the VM itself.
 */
public final class OfferedFilter implements HostFilter {

  @Override
  public String name() {
    return "offered";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    return ask.role() == Role.SHADOW
        || ask.request().offered().isEmpty()
        || Collections.binarySearch(ask.request().offered().get(), host.host().id()) >= 0;
  }

  @Override
  public String asked(Ask ask) {
    return ask.request()
        .offered()
        .map(hosts -> "one of the %d hosts offered".formatted(hosts.size()))
        .orElse("any host");
  }

  @Override
  public String available(HostView host, Ask ask) {
    return "not offered";
  }
}
