package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.ShadowSizing;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a shadow's host has in common with its primary's, and what the shadow takes there. */
record ShadowFacts(List<String> lines) {

  ShadowFacts {
    lines = List.copyOf(lines);
  }

  static ShadowFacts of(RecordedDecision recorded, HostId primaryId, HostId shadowId) {
    Fleet fleet = recorded.placer().fleet();
    List<String> lines = new ArrayList<>();
    fleet
        .host(primaryId)
        .ifPresent(primary ->
            fleet
                .host(shadowId)
                .ifPresent(shadow -> {
                  lines.add(difference(primary, shadow));
                  lines.add(holding(recorded, primary, shadow));
                }));
    return new ShadowFacts(lines);
  }

  private static String difference(HostView primary, HostView shadow) {
    List<String> differs = new ArrayList<>();
    List<String> shares = new ArrayList<>();
    Host one = primary.host();
    Host other = shadow.host();
    for (DomainKind kind : DomainKind.values()) {
      compare(word(kind), kind.of(one), kind.of(other), differs, shares);
    }
    for (HardwareAspect aspect : HardwareAspect.values()) {
      compare(
          word(aspect), aspect.of(one.hardware()), aspect.of(other.hardware()), differs, shares);
    }
    if (primary.sharesCohort(shadow)) {
      shares.add("age cohort");
    } else {
      differs.add("age cohort");
    }
    return "The shadow on %s differs from %s in %s; they share %s."
        .formatted(
            other.id(),
            one.id(),
            String.join(", ", differs),
            shares.isEmpty() ? "nothing that is known" : String.join(", ", shares));
  }

  private static void compare(
      String what, String one, String other, List<String> differs, List<String> shares) {
    if (one.equals(other)) {
      shares.add(what + " " + one);
    } else {
      differs.add(what);
    }
  }

  private static String holding(RecordedDecision recorded, HostView primary, HostView shadow) {
    ShadowMode mode = recorded.request().vm().policy().policy().mode();
    Resources size = recorded.request().vm().size();
    ShadowSizing sizing = recorded.placer().settings().sizing();
    Resources resident = sizing.resident(mode, size, 0);
    SharedReserve reserve =
        SharedReserve.before(
            recorded.placer().fleet(), primary, shadow, sizing.reserve(mode, size, 0));
    String holds =
        "On %s it holds %s for itself and needs %s more to be promoted"
            .formatted(shadow.host().id(), resident, reserve.reserve());
    if (reserve.shared().equals(Resources.NONE)) {
      return holds + ", all of it newly held back; nothing of it is shared.";
    }
    return "%s; of that %s is held back already for %d other shadow%s there whose primar%s cannot fail together with %s, and %s is new."
        .formatted(
            holds,
            reserve.shared(),
            reserve.sharers(),
            reserve.sharers() == 1 ? "" : "s",
            reserve.sharers() == 1 ? "y" : "ies",
            primary.host().id(),
            reserve.added());
  }

  /** For example {@code host, rack, CPU generation}. */
  static String words(Diversity diversity) {
    return Stream.concat(
            diversity.domains().stream().map(ShadowFacts::word),
            diversity.hardware().stream().map(ShadowFacts::word))
        .collect(Collectors.joining(", "));
  }

  private static String word(DomainKind kind) {
    return kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String word(HardwareAspect aspect) {
    return switch (aspect) {
      case VENDOR -> "vendor";
      case CPU_GENERATION -> "CPU generation";
      case FIRMWARE -> "firmware";
      case HYPERVISOR -> "hypervisor";
    };
  }
}
