package io.penumbra.simulator.report;

import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.ComparisonTable.Column;
import io.penumbra.simulator.report.ComparisonTable.Group;
import io.penumbra.simulator.report.PolicyResult.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A comparison for a terminal of 100 columns: scenario, takeaways, two tables. */
public final class TerminalReport {

  /** Lines are not longer than this, whatever a scenario's names are. */
  public static final int COLUMNS = 100;

  private static final int NAME_COLUMNS = 22;
  private static final String BEST = "*";

  private final ComparisonReport report;
  private final Ink ink;

  private TerminalReport(ComparisonReport report, Ink ink) {
    this.report = report;
    this.ink = ink;
  }

  /** How lines may look. Nothing is said by colour alone. */
  public enum Ink {
    /** Text and nothing else: for files, pipes and NO_COLOR. */
    PLAIN,
    /** Bold and dim by ANSI escapes: for a terminal. */
    ANSI
  }

  /** The whole report, line by line. */
  public static List<String> lines(ComparisonReport report, Ink ink) {
    return new TerminalReport(report, ink).lines();
  }

  private List<String> lines() {
    List<String> lines = new ArrayList<>(wrap(headline(), ""));
    if (report.completion() instanceof Partial(String why)) {
      lines.addAll(wrap("PARTIAL: " + why, ""));
    }
    lines.add("");
    for (String takeaway : Takeaways.of(report)) {
      lines.addAll(wrap("- " + takeaway, "  "));
    }
    if (report.policies().isEmpty()) {
      lines.add("No policy ran far enough to be compared.");
      return lines;
    }
    for (Group group : ComparisonTable.GROUPS) {
      lines.add("");
      lines.addAll(table(group));
    }
    lines.add("");
    ComparisonTable.misses(report).forEach(miss -> lines.addAll(wrap(miss, "  ")));
    lines.add(dim(BEST + " best of those that do not know the future"));
    return lines;
  }

  private String headline() {
    ScenarioSummary scenario = report.scenario();
    return "%s in %s, %s; %s; %s; seed %d"
        .formatted(
            Figures.counted(scenario.hosts(), "host", "hosts"),
            Figures.counted(scenario.racks(), "rack", "racks"),
            Figures.span(scenario.length()),
            Figures.counted(scenario.vms(), "VM", "VMs"),
            Figures.counted(scenario.hostFailures(), "host failure", "host failures"),
            report.seed());
  }

  private List<String> table(Group group) {
    int[] widths = widths(group);
    List<String> lines = new ArrayList<>();
    lines.add(bold(group.title()));
    lines.add(dim(row("", group.columns().stream().map(Column::header).toList(), widths)));
    lines.add(dim(row("policy", group.columns().stream().map(Column::unit).toList(), widths)));
    lines.add(dim("-".repeat(NAME_COLUMNS + IntStream.of(widths).sum())));
    for (PolicyResult policy : report.policies()) {
      StringBuilder line = new StringBuilder(name(policy));
      for (int i = 0; i < widths.length; i++) {
        Column column = group.columns().get(i);
        boolean best = ComparisonTable.isBest(report, column, policy);
        String text = column.cell().apply(policy).text() + (best ? BEST : " ");
        line.append(" ".repeat(Math.max(0, widths[i] - text.length())))
            .append(best ? bold(text) : text);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private static String name(PolicyResult policy) {
    String name = policy.kind() == Kind.BOUND ? policy.name() + " (bound)" : policy.name();
    return padded(printable(name), NAME_COLUMNS);
  }

  private static String row(String name, List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder(padded(name, NAME_COLUMNS));
    for (int i = 0; i < widths.length; i++) {
      String text = cells.get(i) + " ";
      line.append(" ".repeat(Math.max(0, widths[i] - text.length()))).append(text);
    }
    return line.toString().stripTrailing();
  }

  private int[] widths(Group group) {
    return group.columns().stream()
        .mapToInt(column ->
            2
                + Stream.concat(
                        Stream.of(column.header(), column.unit()),
                        report.policies().stream().map(p -> column.cell().apply(p).text()))
                    .mapToInt(String::length)
                    .max()
                    .orElse(0))
        .toArray();
  }

  private static String padded(String text, int width) {
    return text.length() >= width
        ? text.substring(0, width - 1) + " "
        : text + " ".repeat(width - text.length());
  }

  /** Names come from files; a control character in one must not reach a terminal. */
  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  private static List<String> wrap(String text, String indent) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : printable(text).split(" ", -1)) {
      if (line.length() + word.length() + 1 > COLUMNS && !line.isEmpty()) {
        lines.add(line.toString());
        line = new StringBuilder(indent);
      } else if (!line.isEmpty() && !line.toString().equals(indent)) {
        line.append(' ');
      }
      line.append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  private String bold(String text) {
    return ink == Ink.ANSI ? "\u001b[1m" + text + "\u001b[0m" : text;
  }

  private String dim(String text) {
    return ink == Ink.ANSI ? "\u001b[2m" + text + "\u001b[0m" : text;
  }
}
