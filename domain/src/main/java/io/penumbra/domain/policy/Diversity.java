package io.penumbra.domain.policy;

import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * In what a shadow must differ from its primary. The host always differs, so {@link
 * DomainKind#HOST} is always in {@code domains}.
 */
public record Diversity(List<DomainKind> domains, List<HardwareAspect> hardware) {

  public static final Diversity HOST_ONLY = new Diversity(List.of(DomainKind.HOST), List.of());

  public Diversity {
    Set<DomainKind> kinds = EnumSet.of(DomainKind.HOST);
    kinds.addAll(domains);
    domains = List.copyOf(kinds);
    Set<HardwareAspect> aspects = EnumSet.noneOf(HardwareAspect.class);
    aspects.addAll(hardware);
    hardware = List.copyOf(aspects);
  }
}
