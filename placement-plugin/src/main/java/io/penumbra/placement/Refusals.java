package io.penumbra.placement;

import io.penumbra.placement.PlacementDecision.RefusalCount;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.spi.Ask;
import io.penumbra.placement.spi.HostFilter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Counts, per filter, the hosts it refuses, and remembers the best that any of them could offer. A
 * host that several filters refuse is counted by each.
 */
final class Refusals {

  private Refusals() {}

  /** One line per filter that refused a host, the one that refused most first. */
  static List<RefusalCount> count(List<HostFilter> filters, List<HostView> hosts, Ask ask) {
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
