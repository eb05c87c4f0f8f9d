package io.penumbra.placement;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision.RefusalCount;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import io.penumbra.placement.spi.Role;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Counts, per filter, the hosts it refuses, and remembers the best that any of them could offer. A
 * host that several filters refuse is counted by each.
 *
 * <p>Counting looks at every host with every filter, the one thing in placement that does. What
 * cannot be placed is asked for again and again while the fleet stands still, so answers are kept
 * until it moves: the newest {@value #KEPT_MAX} of them, by what was asked and not by who asked.
 */
final class Refusals {

  static final int KEPT_MAX = 64;

  private static final RequestId ANY_REQUEST = RequestId.of("any");
  private static final VmId ANY_VM = VmId.of("any");

  private final List<HostFilter> filters;
  private final Fleet fleet;

  /** Oldest first. */
  private final Map<Shape, List<RefusalCount>> kept = new LinkedHashMap<>();

  private long keptFor = -1;

  /** All that an answer may rest on, see {@link HostFilter}. */
  private record Shape(
      Role role,
      Resources needed,
      Resources reserve,
      List<HostId> companions,
      PlacementRequest request) {

    static Shape of(Ask ask) {
      return new Shape(
          ask.role(),
          ask.needed(),
          ask.reserve(),
          ask.companions().stream().map(host -> host.host().id()).toList(),
          nameless(ask.request()));
    }

    private static PlacementRequest nameless(PlacementRequest request) {
      return new PlacementRequest(
          ANY_REQUEST,
          Instant.EPOCH,
          nameless(request.vm(), request.groups().isEmpty()),
          request.fixedPrimary(),
          request.existingShadows(),
          request.excluded(),
          request.offered(),
          request.zone(),
          request.requiredTraits(),
          request.forbiddenTraits(),
          request.groups(),
          0);
    }

    /** Where a group's other members are depends on who asks. */
    private static Vm nameless(Vm vm, boolean alone) {
      return new Vm(
          alone ? ANY_VM : vm.id(),
          vm.project(),
          vm.flavor(),
          vm.size(),
          vm.tags(),
          vm.groups(),
          vm.policy());
    }
  }

  Refusals(List<HostFilter> filters, Fleet fleet) {
    this.filters = filters;
    this.fleet = fleet;
  }

  /** One line per filter that refused a host, the one that refused most first. */
  List<RefusalCount> count(Ask ask) {
    if (keptFor != fleet.generation()) {
      kept.clear();
      keptFor = fleet.generation();
    }
    Shape shape = Shape.of(ask);
    List<RefusalCount> known = kept.get(shape);
    if (known != null) {
      return known;
    }
    List<RefusalCount> counted = List.copyOf(scan(fleet.hosts(), ask));
    kept.put(shape, counted);
    if (kept.size() > KEPT_MAX) {
      kept.remove(kept.keySet().iterator().next());
    }
    return counted;
  }

  private List<RefusalCount> scan(List<HostView> hosts, Ask ask) {
    List<RefusalCount> counts = new ArrayList<>();
    for (HostFilter filter : filters) {
      int refused = 0;
      int best = -1;
      double most = 0;
      for (int i = 0; i < hosts.size(); i++) {
        HostView host = hosts.get(i);
        if (!filter.passes(host, ask)) {
          refused++;
          double amount = filter.amount(host, ask);
          if (best < 0 || amount > most) {
            best = i;
            most = amount;
          }
        }
      }
      if (best >= 0) {
        counts.add(
            new RefusalCount(
                filter.name(), refused, filter.asked(ask), filter.available(hosts.get(best), ask)));
      }
    }
    counts.sort(
        Comparator.comparingInt(RefusalCount::hosts)
            .reversed()
            .thenComparing(RefusalCount::filter));
    return counts;
  }

  static String inOneLine(List<RefusalCount> counts) {
    return counts.stream()
        .map(c -> "%d %s (asked %s, best %s)".formatted(c.hosts(), c.filter(), c.asked(), c.best()))
        .collect(Collectors.joining("; "));
  }
}
