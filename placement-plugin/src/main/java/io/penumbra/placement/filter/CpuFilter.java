package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;

/**
 * Refuses hosts with too little virtual CPUs free, claims counted. A shadow asks for its whole
 * size, of which the host may take from reserve that it already holds back for shadows whose
 * primaries cannot fail together with this one's.
 */
public final class CpuFilter implements HostFilter {

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    return ask.takesVcpus(host) <= host.freeVcpus();
  }

  @Override
  public String asked(Ask ask) {
    return (ask.needed().vcpus() + ask.reserve().vcpus()) + " vCPU";
  }

  @Override
  public String available(HostView host, Ask ask) {
    return offer(host, ask) + " vCPU";
  }

  @Override
  public double amount(HostView host, Ask ask) {
    return offer(host, ask);
  }

  /** Free, and what can be shared of the reserve. */
  private static long offer(HostView host, Ask ask) {
    long own = (long) ask.takesVcpus(host) - ask.needed().vcpus();
    return (long) host.freeVcpus() + ask.reserve().vcpus() - own;
  }
}
