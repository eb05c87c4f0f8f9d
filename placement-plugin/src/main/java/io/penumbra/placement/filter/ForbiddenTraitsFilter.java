package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.List;

/** Refuses hosts that have a forbidden trait, as primary and as shadow. */
public final class ForbiddenTraitsFilter implements HostFilter {

  @Override
  public String name() {
    return "forbidden-traits";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    List<String> forbidden = ask.request().forbiddenTraits();
    for (int i = 0; i < forbidden.size(); i++) {
      if (host.hasTrait(forbidden.get(i))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String asked(Ask ask) {
    return "without " + String.join(", ", ask.request().forbiddenTraits());
  }

  @Override
  public String available(HostView host, Ask ask) {
    return "has "
        + String.join(
            ", ", ask.request().forbiddenTraits().stream().filter(host::hasTrait).toList());
  }
}
