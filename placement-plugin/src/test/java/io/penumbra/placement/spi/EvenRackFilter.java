package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostView;

/**
 * An example of a filter of one's own: VMs tagged {@code example:quiet=yes} go only into racks
 * whose number is even. This class, a public constructor without arguments, and its name in {@code
 * META-INF/services/io.penumbra.placement.spi.HostFilter} are all it takes.
 */
public final class EvenRackFilter implements HostFilter {

  @Override
  public String name() {
    return "example-even-rack";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    if (!"yes".equals(ask.request().vm().tags().get("example:quiet"))) {
      return true;
    }
    String rack = host.host().location().rack();
    return (rack.charAt(rack.length() - 1) - '0') % 2 == 0;
  }

  @Override
  public String asked(Ask ask) {
    return "an even rack";
  }

  @Override
  public String available(HostView host, Ask ask) {
    return host.host().location().rack();
  }
}
