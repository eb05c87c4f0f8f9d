package io.penumbra.placement.filter;

import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.List;

/** Refuses hosts that lack a required trait; primary and shadow must both have all of them. */
public final class RequiredTraitsFilter implements HostFilter {

  @Override
  public String name() {
    return "required-traits";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    List<String> required = ask.request().requiredTraits();
    for (int i = 0; i < required.size(); i++) {
      if (!host.hasTrait(required.get(i))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String asked(Ask ask) {
    return String.join(", ", ask.request().requiredTraits());
  }

  @Override
  public String available(HostView host, Ask ask) {
    return "lacks "
        + String.join(
            ", ", ask.request().requiredTraits().stream().filter(t -> !host.hasTrait(t)).toList());
  }

  /** How many of the required traits the host has. */
  @Override
  public double amount(HostView host, Ask ask) {
    List<String> required = ask.request().requiredTraits();
    int has = 0;
    for (int i = 0; i < required.size(); i++) {
      if (host.hasTrait(required.get(i))) {
        has++;
      }
    }
    return has;
  }
}
