package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.FleetChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What happened to one VM, told in order: decisions, and what became of them. */
public final class VmHistory {

  private final List<String> lines = new ArrayList<>();

  /** Hosts that the newest decision chose: that its promises were made is no news. */
  private final TreeSet<HostId> promised = new TreeSet<>();

  private VmHistory() {}

  /** One line per event, oldest first. */
  public static List<String> told(List<DecisionEntry> decisions, List<FleetStep> steps) {
    VmHistory history = new VmHistory();
    int next = 0;
    for (int i = 0; i < steps.size(); i++) {
      FleetStep step = steps.get(i);
      while (next < decisions.size() && decisions.get(next).number() <= step.afterDecision()) {
        history.decided(decisions.get(next++));
      }
      boolean resizedAgain =
          step.change() instanceof FleetChange.ShadowResized
              && i + 1 < steps.size()
              && steps.get(i + 1).change() instanceof FleetChange.ShadowResized;
      if (!resizedAgain) {
        history.happened(step);
      }
    }
    while (next < decisions.size()) {
      history.decided(decisions.get(next++));
    }
    return List.copyOf(history.lines);
  }

  private void decided(DecisionEntry entry) {
    promised.clear();
    entry.primary().ifPresent(promised::add);
    promised.addAll(entry.shadows());
    String what;
    if (!entry.placed()) {
      what = entry.fixedPrimary() ? "no host for a shadow" : "no host for it";
    } else if (entry.fixedPrimary()) {
      what = "shadow to " + names(entry.shadows());
    } else {
      what =
          "to %s, shadow %s"
              .formatted(
                  entry.primary().orElseThrow(),
                  entry.shadows().isEmpty() ? "none" : "to " + names(entry.shadows()));
    }
    lines.add(String.format(Locale.ROOT, "#%d %s decided: %s", entry.number(), entry.at(), what));
  }

  private void happened(FleetStep step) {
    String what =
        switch (step.change()) {
          case FleetChange.PrimaryPlaced c ->
              promised.contains(c.host()) ? "" : "reported on " + c.host();
          case FleetChange.ShadowPlaced c ->
              promised.contains(c.host()) ? "" : "shadow placed on " + c.host();
          case FleetChange.ClaimConfirmed _ -> "the cloud reported it where it was promised";
          case FleetChange.PrimaryReleased _ -> "gone from its host";
          case FleetChange.ShadowResized c ->
              "shadow on %s resized to %s".formatted(c.host(), c.resident());
          case FleetChange.ShadowReleased c -> "shadow on %s released".formatted(c.host());
          case FleetChange.ShadowPromoted c ->
              "shadow on %s promoted: it runs there now".formatted(c.host());
          case FleetChange.HostConditionChanged c ->
              "its host %s became %s".formatted(c.host(), c.condition());
          case FleetChange.HostRemoved c -> "its host %s left the fleet".formatted(c.host());
          case FleetChange.HostAdded _, FleetChange.HostRiskChanged _ -> "";
        };
    if (!what.isEmpty()) {
      lines.add("   generation %d: %s".formatted(step.generation(), what));
    }
  }

  private static String names(List<HostId> hosts) {
    return hosts.isEmpty()
        ? "none"
        : hosts.stream().map(HostId::value).collect(Collectors.joining(" and "));
  }
}
