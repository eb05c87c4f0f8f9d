package io.penumbra.placement.filter;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Role;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Refuses hosts in a failure domain that the policy wants primary and shadow to differ in. Shadows
 * of one VM differ from each other in the host only; beyond that the pair weighers keep them apart.
 */
public final class FailureDomainFilter implements HostFilter {

  @Override
  public String name() {
    return "failure-domain";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    for (int c = 0; c < ask.companions().size(); c++) {
      HostView companion = ask.companions().get(c);
      if (companion == host) {
        return false;
      }
      // A shadow asks of its primary, which comes first; a primary asks of every shadow that stays.
      if (ask.role() == Role.PRIMARY || c == 0) {
        List<DomainKind> kinds = domains(ask);
        for (int k = 0; k < kinds.size(); k++) {
          if (host.sharesDomain(companion, kinds.get(k))) {
            return false;
          }
        }
      }
    }
    return true;
  }

  @Override
  public String asked(Ask ask) {
    return domains(ask).stream()
        .map(kind -> "another " + kind.name().toLowerCase(Locale.ROOT).replace('_', ' '))
        .collect(Collectors.joining(", "));
  }

  @Override
  public String available(HostView host, Ask ask) {
    for (int c = 0; c < ask.companions().size(); c++) {
      HostView companion = ask.companions().get(c);
      if (companion == host) {
        return "already holds an instance of the VM";
      }
      for (DomainKind kind : domains(ask)) {
        if ((ask.role() == Role.PRIMARY || c == 0) && host.sharesDomain(companion, kind)) {
          return "%s %s, as %s"
              .formatted(
                  kind.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                  kind.of(host.host()),
                  companion.host().id());
        }
      }
    }
    return "apart from every instance";
  }

  private static List<DomainKind> domains(Ask ask) {
    return ask.request().vm().policy().policy().diversity().domains();
  }
}
