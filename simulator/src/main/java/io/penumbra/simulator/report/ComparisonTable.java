package io.penumbra.simulator.report;

import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Recent;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The figures of all policies as text, in two groups of columns; every way of showing uses it. */
final class ComparisonTable {

  /** One group of columns, narrow enough for a terminal. */
  record Group(String title, List<Column> columns) {}

  /**
   * One column.
   *
   * @param unit empty when the header says it or every cell does
   */
  record Column(String header, String unit, Function<PolicyResult, Cell> cell) {}

  /**
   * One figure.
   *
   * @param rank smaller is better; empty when this figure does not compete
   */
  record Cell(String text, OptionalDouble rank) {
    static Cell of(String text) {
      return new Cell(text, OptionalDouble.empty());
    }

    static Cell ranked(String text, double rank) {
      return new Cell(text, OptionalDouble.of(rank));
    }
  }

  static final String ALL_MEMORY = "all memory";
  static final String NOTHING = "-";

  static final List<Group> GROUPS =
      List.of(
          new Group(
              "What the VMs felt",
              List.of(
                  new Column(
                      "availability",
                      "%",
                      policy ->
                          Cell.ranked(
                              Figures.availability(policy.availability()),
                              1 - policy.availability())),
                  new Column(
                      "downtime",
                      "min/VM-year",
                      policy ->
                          Cell.ranked(
                              Figures.number(policy.downtimeMinutesPerVmYear()),
                              policy.downtimeMinutesPerVmYear())),
                  new Column("RTO", "p50", policy -> time(policy.rto(), 0.5)),
                  new Column("RTO", "p99", policy -> time(policy.rto(), 0.99)),
                  new Column("RPO", "p50", policy -> lost(policy, 0.5)),
                  new Column("RPO", "p99", policy -> lost(policy, 0.99)))),
          new Group(
              "What was done for it, and what it cost",
              List.of(
                  new Column("failovers", "true", p -> count(p.failovers().trueOnes())),
                  new Column("failovers", "false", p -> count(p.failovers().falseOnes())),
                  new Column("failovers", "missed", p -> count(p.failovers().missed())),
                  new Column("migrations", "planned", p -> count(p.plannedMigrations())),
                  new Column(
                      "capacity", "+%", p -> Cell.of(Figures.percent(p.extraCapacityShare()))),
                  new Column(
                      "network",
                      "GiB/VM-day",
                      p -> Cell.of(Figures.number(p.networkGibPerVmDay()))),
                  new Column("VMs", "refused", p -> count(p.vmsRefused())))));

  private ComparisonTable() {}

  /**
   * Whether this policy has the best figure of the column. The bound does not compete, and nobody
   * wins a column in which all are equal.
   */
  static boolean isBest(ComparisonReport report, Column column, PolicyResult policy) {
    Cell cell = column.cell().apply(policy);
    if (policy.kind() == Kind.BOUND || cell.rank().isEmpty()) {
      return false;
    }
    double[] ranks =
        report.policies().stream()
            .filter(other -> other.kind() != Kind.BOUND)
            .flatMapToDouble(other -> column.cell().apply(other).rank().stream())
            .sorted()
            .toArray();
    return cell.rank().getAsDouble() == ranks[0] && ranks[0] < ranks[ranks.length - 1];
  }

  /** Why VMs were missed, a line for each policy that missed some. */
  static List<String> misses(ComparisonReport report) {
    return report.policies().stream()
        .filter(policy -> policy.failovers().missed() > 0)
        .map(policy ->
            policy.failovers().misses().entrySet().stream()
                .map(miss ->
                    "%s because %s"
                        .formatted(Figures.count(miss.getValue()), miss.getKey().words()))
                .collect(Collectors.joining(", ", "Missed under '" + policy.name() + "': ", ".")))
        .toList();
  }

  private static Cell time(Samples samples, double q) {
    return samples.isEmpty()
        ? Cell.of(NOTHING)
        : Cell.ranked(Figures.seconds(samples.quantile(q)), samples.quantile(q));
  }

  private static Cell lost(PolicyResult policy, double q) {
    return switch (policy.stateLost()) {
      case Recent recent -> time(recent.seconds(), q);
      case AllMemorySinceBoot _ -> Cell.of(ALL_MEMORY);
    };
  }

  private static Cell count(long value) {
    return Cell.of(Figures.count(value));
  }
}
