package io.penumbra.app.decisions;

import io.penumbra.app.ClosestNames;
import io.penumbra.domain.BadInputException;
import io.penumbra.placement.DecisionTable;
import io.penumbra.placement.DecisionTable.FilterVerdict;
import io.penumbra.placement.DecisionTable.Row;
import io.penumbra.placement.PlacementDecision.Placed;
import io.penumbra.placement.PlacementDecision.WeigherScore;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.placement.log.DecisionJson;
import io.penumbra.placement.log.RecordedDecision;
import io.penumbra.placement.spi.Verdict;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penumbra decisions show}: the whole table of one decision. */
@Command(
    name = "show",
    description = "One decision with what every filter and every weigher said of every host.")
final class ShowCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private LogOption log;

  @Parameters(
      paramLabel = "DECISION",
      description = "A decision's number, a VM (its newest decision), or a request id.")
  private String named;

  @Option(names = "--host", paramLabel = "HOST", description = "Every number about this host.")
  private @Nullable String host;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "20",
      description = "Only the N best hosts in each role, 0 for all (default: ${DEFAULT-VALUE}).")
  private int top;

  @Option(names = "--json", description = "Everything, as JSON.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ShowCommand() {}

  @Override
  public Integer call() {
    if (top < 0) {
      throw new BadInputException("--top", top + "; expected 0 or more", "");
    }
    PrintWriter out = spec.commandLine().getOut();
    DecisionHistory history = log.open(spec.commandLine().getErr());
    DecisionEntry entry = LogOption.find(history, named);
    RecordedDecision recorded = history.load(entry);
    if (json) {
      out.println(DecisionJson.whole(recorded));
      return 0;
    }
    out.printf(
        "Decision %d, %s, VM %s, request %s, generation %d, seed %d%n",
        entry.number(),
        entry.at(),
        entry.vm(),
        entry.request(),
        entry.generation(),
        recorded.request().seed());
    DecisionTable table = recorded.table();
    if (recorded.decision().answer() instanceof Placed placed) {
      placed
          .bound()
          .ifPresent(bound ->
              out.println(
                  String.format(
                      Locale.ROOT,
                      "search stopped after %d primaries: others could score up to %+.3f, this pair scores %+.3f",
                      bound.primaries(),
                      bound.couldScore(),
                      placed.score())));
    }
    recorded.refusedReasons().forEach(reason -> out.println("refused: " + reason));
    out.println(
        recorded.inline().isPresent()
            ? "Table as logged:"
            : "Table computed again from the logged fleet:");
    if (host != null) {
      showHost(out, table, host);
    } else {
      showRole(out, "as primary", table.primaries());
      showRole(out, "as shadow", table.shadows());
    }
    return 0;
  }

  // --- one line per host

  private void showRole(PrintWriter out, String role, List<Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    List<Row> sorted =
        rows.stream()
            .sorted(
                Comparator.comparing((Row row) -> !row.passed())
                    .thenComparingDouble(row -> -row.total())
                    .thenComparing(Row::host))
            .toList();
    List<Row> shown = top == 0 ? sorted : sorted.subList(0, Math.min(top, sorted.size()));
    long passed = rows.stream().filter(Row::passed).count();
    out.printf("%n%s: %d hosts, %d passed%n", role, rows.size(), passed);
    int columns = shown.stream().mapToInt(row -> row.host().value().length()).max().orElse(4);
    for (Row row : shown) {
      out.println(
          String.format(
              Locale.ROOT,
              "  %-" + columns + "s %+7.3f  %s",
              row.host(),
              row.total(),
              row.passed() ? contributions(row) : refusals(row)));
    }
    if (shown.size() < sorted.size()) {
      out.printf("  and %d more: --top 0%n", sorted.size() - shown.size());
    }
  }

  private static String contributions(Row row) {
    return row.scores().stream()
        .filter(score -> score.contribution() != 0)
        .map(s -> String.format(Locale.ROOT, "%s %+.3f", s.weigher(), s.contribution()))
        .collect(Collectors.joining("  "));
  }

  private static String refusals(Row row) {
    return "refused: "
        + row.verdicts().stream()
            .filter(verdict -> verdict.verdict() instanceof Verdict.Refusal)
            .map(ShowCommand::told)
            .collect(Collectors.joining("; "));
  }

  private static String told(FilterVerdict verdict) {
    return switch (verdict.verdict()) {
      case Verdict.Pass _ -> verdict.filter() + " passed";
      case Verdict.Refusal r ->
          "%s (asked %s, has %s)".formatted(verdict.filter(), r.asked(), r.available());
    };
  }

  // --- one host

  private static void showHost(PrintWriter out, DecisionTable table, String host) {
    List<String> known =
        Stream.concat(table.primaries().stream(), table.shadows().stream())
            .map(row -> row.host().value())
            .distinct()
            .toList();
    if (!known.contains(host)) {
      throw new BadInputException(
          "--host",
          "no host '%s' among the %d of that decision".formatted(host, known.size()),
          LogOption.advice(ClosestNames.to(host, known)));
    }
    showHost(out, "as primary", table.primaries(), host);
    showHost(out, "as shadow", table.shadows(), host);
  }

  private static void showHost(PrintWriter out, String role, List<Row> rows, String host) {
    for (Row row : rows) {
      if (row.host().value().equals(host)) {
        out.printf("%n%s %s: %s%n", host, role, row.passed() ? "passed" : "refused");
        row.verdicts().forEach(verdict -> out.println("  filter  " + told(verdict)));
        for (WeigherScore score : row.scores()) {
          out.println(
              String.format(
                  Locale.ROOT,
                  "  weigher %-22s raw %-10.4g normalised %.4f x multiplier %+.3f = %+.4f",
                  score.weigher(),
                  score.raw(),
                  score.normalised(),
                  score.multiplier(),
                  score.contribution()));
        }
        out.println(String.format(Locale.ROOT, "  total %+.4f", row.total()));
      }
    }
  }
}
