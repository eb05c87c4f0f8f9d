package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.Collections;

/** Refuses hosts that the request rules out by name, for example because they just failed. */
public final class ExcludedFilter implements HostFilter {

  @Override
  public String name() {
    return "excluded";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    return ask.request().excluded().isEmpty()
        || Collections.binarySearch(ask.request().excluded(), host.host().id()) < 0;
  }

  @Override
  public String asked(Ask ask) {
    return "none of " + ask.request().excluded();
  }

  @Override
  public String available(HostView host, Ask ask) {
    return "named in the request";
  }
}
