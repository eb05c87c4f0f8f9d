package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.placement.DecisionTable.FilterVerdict;
import io.penumbra.placement.DecisionTable.Row;
import io.penumbra.placement.spi.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which filters refused how many hosts, each host counted once. Of several filters that refused a
 * host the one counts that says most: that the host is out of service at all before that it is the
 * wrong one, and that before that it has too little of something, for what a host that cannot be
 * used has free tells nothing.
 *
 * @param hosts all hosts looked at
 * @param passed how many every filter let pass
 * @param counts the filter that refused most first
 * @param nearly hosts that only one filter refused, nearest first
 */
record RefusalTally(int hosts, int passed, List<Count> counts, List<Near> nearly) {

  private static final int KINDS_TOLD_MAX = 3;
  private static final List<String> FUNDAMENTAL =
      List.of("host-state", "excluded", "offered", "zone");
  private static final List<String> AMOUNTS = List.of("cpu", "memory", "disk");

  /**
   * One filter's refusals.
   *
   * @param measured whether the filter compares amounts
   * @param best what the best of the refused hosts had, of amounts
   * @param kinds what the refused hosts had and how many had it, of anything else; most first
   */
  record Count(
      String filter,
      int hosts,
      String asked,
      boolean measured,
      String best,
      List<Map.Entry<String, Integer>> kinds) {

    /** For example {@code 180 memory (asked 8192 MiB, best free 6144 MiB)}. */
    String told() {
      String detail =
          measured
              ? "asked %s, best %s".formatted(asked, best)
              : kinds.stream()
                      .limit(KINDS_TOLD_MAX)
                      .map(kind ->
                          kinds.size() == 1 ? kind.getKey() : kind.getValue() + " " + kind.getKey())
                      .collect(
                          Collectors.joining(
                              ", ", asked.isEmpty() ? "" : "asked " + asked + "; found ", ""))
                  + (kinds.size() > KINDS_TOLD_MAX
                      ? " and %d others".formatted(kinds.size() - KINDS_TOLD_MAX)
                      : "");
      return "%d %s (%s)".formatted(hosts, filter, detail);
    }
  }

  /** A host that one filter alone refused. */
  record Near(HostId host, String filter, Verdict.Refusal refusal) {}

  RefusalTally {
    counts = List.copyOf(counts);
    nearly = List.copyOf(nearly);
  }

  int refused() {
    return hosts - passed;
  }

  static RefusalTally of(List<Row> rows) {
    TreeMap<String, List<Verdict.Refusal>> byFilter = new TreeMap<>();
    List<Near> nearly = new ArrayList<>();
    int passed = 0;
    for (Row row : rows) {
      List<FilterVerdict> refusals =
          row.verdicts().stream().filter(v -> v.verdict() instanceof Verdict.Refusal).toList();
      Optional<FilterVerdict> telling =
          refusals.stream().min(Comparator.comparingInt(v -> rank(v.filter())));
      if (telling.isEmpty()) {
        passed++;
        continue;
      }
      if (telling.get().verdict() instanceof Verdict.Refusal refusal) {
        byFilter.computeIfAbsent(telling.get().filter(), _ -> new ArrayList<>()).add(refusal);
        if (refusals.size() == 1) {
          nearly.add(new Near(row.host(), telling.get().filter(), refusal));
        }
      }
    }
    nearly.sort(
        Comparator.comparingInt((Near n) -> -rank(n.filter()))
            .thenComparingDouble(n -> -n.refusal().amount())
            .thenComparing(Near::host));
    return new RefusalTally(rows.size(), passed, counts(byFilter), nearly);
  }

  private static List<Count> counts(TreeMap<String, List<Verdict.Refusal>> byFilter) {
    return byFilter.entrySet().stream()
        .map(entry -> count(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparingInt((Count c) -> -c.hosts()).thenComparing(Count::filter))
        .toList();
  }

  private static Count count(String filter, List<Verdict.Refusal> refusals) {
    Verdict.Refusal best = refusals.getFirst();
    TreeMap<String, Integer> kinds = new TreeMap<>();
    boolean measured = AMOUNTS.contains(filter);
    for (Verdict.Refusal refusal : refusals) {
      best = refusal.amount() > best.amount() ? refusal : best;
      measured |= refusal.amount() > 0;
      kinds.merge(refusal.available(), 1, Integer::sum);
    }
    List<Map.Entry<String, Integer>> most = new ArrayList<>(kinds.entrySet());
    most.sort(
        Map.Entry.<String, Integer>comparingByValue()
            .reversed()
            .thenComparing(Map.Entry.comparingByKey()));
    return new Count(
        filter, refusals.size(), best.asked(), measured, best.available(), List.copyOf(most));
  }

  /** Smaller says more of why a host cannot be used. */
  private static int rank(String filter) {
    if (FUNDAMENTAL.contains(filter)) {
      return FUNDAMENTAL.indexOf(filter);
    }
    return FUNDAMENTAL.size() + (AMOUNTS.contains(filter) ? 1 : 0);
  }
}
