package io.penumbra.placement.filter;

import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Role;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Refuses hosts that share a hardware aspect which the policy wants primary and shadow to differ
 * in: vendor, CPU generation, firmware or hypervisor.
 */
public final class HardwareDiversityFilter implements HostFilter {

  @Override
  public String name() {
    return "hardware-diversity";
  }

  @Override
  public boolean passes(HostView host, Ask ask) {
    List<HardwareAspect> aspects = aspects(ask);
    for (int a = 0; a < aspects.size(); a++) {
      for (int c = 0; c < compared(ask); c++) {
        if (host.sharesHardware(ask.companions().get(c), aspects.get(a))) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  public String asked(Ask ask) {
    return aspects(ask).stream()
        .map(aspect -> "another " + word(aspect))
        .collect(Collectors.joining(", "));
  }

  @Override
  public String available(HostView host, Ask ask) {
    return ask.companions().stream()
        .limit(compared(ask))
        .flatMap(companion ->
            aspects(ask).stream().filter(aspect -> host.sharesHardware(companion, aspect)))
        .distinct()
        .map(aspect -> word(aspect) + " " + aspect.of(host.host().hardware()))
        .collect(Collectors.joining(", "));
  }

  /** A shadow is compared with its primary, a primary with every shadow that stays. */
  private static int compared(Ask ask) {
    return ask.role() == Role.PRIMARY ? ask.companions().size() : 1;
  }

  private static List<HardwareAspect> aspects(Ask ask) {
    return ask.request().vm().policy().policy().diversity().hardware();
  }

  private static String word(HardwareAspect aspect) {
    return aspect.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
