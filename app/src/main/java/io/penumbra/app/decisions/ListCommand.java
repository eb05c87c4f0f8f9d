package io.penumbra.app.decisions;

import io.penumbra.app.ClosestNames;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.placement.log.DecisionJson;
import java.io.PrintWriter;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra decisions list}: one line per decision. */
@Command(name = "list", description = "One line per decision, oldest first.")
final class ListCommand implements Callable<Integer> {

  /** How a decision came out. */
  enum Outcome {
    PLACED,
    REFUSED
  }

  @Spec private CommandSpec spec;
  @Mixin private LogOption log;

  @Option(names = "--vm", paramLabel = "VM", description = "Only decisions about this VM.")
  private @Nullable String vm;

  @Option(names = "--host", paramLabel = "HOST", description = "Only decisions that chose it.")
  private @Nullable String host;

  @Option(names = "--outcome", description = "Only ${COMPLETION-CANDIDATES}.")
  private @Nullable Outcome outcome;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description =
          "Only from this date or instant on, such as 2026-01-31 or 2026-01-31T08:00:00Z.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Only before this one.")
  private @Nullable String until;

  @Option(
      names = "--last",
      paramLabel = "N",
      defaultValue = "50",
      description = "Only the newest N of them, 0 for all (default: ${DEFAULT-VALUE}).")
  private int last;

  @Option(names = "--json", description = "One JSON object per line.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ListCommand() {}

  @Override
  public Integer call() {
    if (last < 0) {
      throw new BadInputException("--last", last + "; expected 0 or more", "");
    }
    Instant from = since == null ? Instant.MIN : time("--since", since);
    Instant to = until == null ? Instant.MAX : time("--until", until);
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    DecisionHistory history = log.open(err);
    List<DecisionEntry> found =
        history.find(entry -> fits(entry) && !entry.at().isBefore(from) && entry.at().isBefore(to));
    if (vm != null && history.find(entry -> entry.vm().value().equals(vm)).isEmpty()) {
      throw new BadInputException(
          "--vm",
          "no decision about '%s' in the log".formatted(vm),
          LogOption.advice(ClosestNames.to(vm, LogOption.vms(history))));
    }
    List<DecisionEntry> shown =
        last == 0 ? found : found.subList(Math.max(0, found.size() - last), found.size());
    if (json) {
      shown.forEach(entry -> out.println(DecisionJson.line(entry)));
    } else {
      print(out, shown, found.size());
    }
    return 0;
  }

  private boolean fits(DecisionEntry entry) {
    return (vm == null || entry.vm().value().equals(vm))
        && (host == null || entry.chose(HostId.of(host)))
        && (outcome == null || entry.placed() == (outcome == Outcome.PLACED));
  }

  private static Instant time(String option, String text) {
    try {
      return text.contains("T")
          ? Instant.parse(text)
          : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
    } catch (DateTimeException e) {
      throw new BadInputException(
          option,
          "'%s'; expected a date such as 2026-01-31 or an instant such as 2026-01-31T08:00:00Z"
              .formatted(text),
          "",
          e);
    }
  }

  private static void print(PrintWriter out, List<DecisionEntry> shown, int found) {
    int vmColumns = shown.stream().mapToInt(e -> e.vm().value().length()).max().orElse(2);
    for (DecisionEntry entry : shown) {
      out.println(
          String.format(
              Locale.ROOT,
              "#%-6d %-20s %-" + Math.max(2, vmColumns) + "s  %s",
              entry.number(),
              entry.at(),
              entry.vm(),
              outcome(entry)));
    }
    if (shown.size() < found) {
      out.printf("%d of %d decisions; all of them: --last 0%n", shown.size(), found);
    } else {
      out.printf("%d decision%s%n", found, found == 1 ? "" : "s");
    }
  }

  private static String outcome(DecisionEntry entry) {
    if (!entry.placed()) {
      return entry.fixedPrimary() ? "refused: no host for a shadow" : "refused: no host passed";
    }
    String shadows = entry.shadows().stream().map(HostId::value).collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "%s %s  shadow %s  score %.3f",
        entry.fixedPrimary() ? "runs on" : "to",
        entry.primary().orElseThrow(),
        shadows.isEmpty() ? "none" : shadows,
        entry.score());
  }
}
