package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;

/**
 * Refuses hosts with too little local disk free, claims counted. A shadow asks for its whole size,
 * of which the host may take from reserve that it already holds back for shadows whose primaries
 * cannot fail together with this one's.
 */
public final class DiskFilter implements HostFilter {

  @Override
  public String name() {
    return "disk";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    return ask.takesDiskGib(host) <= host.freeDiskGib();
  }

  @Override
  public String asked(Ask ask) {
    return (ask.needed().diskGib() + ask.reserve().diskGib()) + " GiB";
  }

  @Override
  public String available(HostView host, Ask ask) {
    return offer(host, ask) + " GiB";
  }

  @Override
  public double amount(HostView host, Ask ask) {
    return offer(host, ask);
  }

  /** Free, and what can be shared of the reserve. */
  private static long offer(HostView host, Ask ask) {
    long own = ask.takesDiskGib(host) - ask.needed().diskGib();
    return host.freeDiskGib() + ask.reserve().diskGib() - own;
  }
}
