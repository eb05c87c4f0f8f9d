package io.penumbra.app.decisions;

import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.placement.log.DecisionReplay;
import io.penumbra.placement.log.Multiplier;
import io.penumbra.placement.log.RecordedDecision;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penumbra decisions replay}: decides once more, on the logged fleet. */
@Command(
    name = "replay",
    description = "Decides once more, on the fleet as it was, if you like with other multipliers.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:same decision, or other multipliers were tried",
      "1:not the same decision with the same settings",
      "2:no such log, VM or decision, or a line that makes no sense"
    })
final class ReplayCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private LogOption log;

  @Parameters(
      paramLabel = "DECISION",
      arity = "0..1",
      defaultValue = "",
      description =
          "A decision's number, a VM (its newest decision) or a request id; none for all.")
  private String named;

  @Option(
      names = "--multiplier",
      paramLabel = "WEIGHER=NUMBER",
      description = {
        "Another multiplier: risk=-3 for both roles, risk.shadow=-3 for one, risk=x3 for three times",
        "what it was. May be given several times."
      })
  private List<String> multipliers = List.of();

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ReplayCommand() {}

  @Override
  public Integer call() {
    List<Multiplier> parsed = multipliers.stream().map(Multiplier::parse).toList();
    PrintWriter out = spec.commandLine().getOut();
    DecisionHistory history = log.open(spec.commandLine().getErr());
    if (named.isEmpty()) {
      return replayAll(out, history, parsed);
    }
    DecisionEntry entry = LogOption.find(history, named);
    RecordedDecision recorded = history.load(entry);
    PlacementSettings settings = changed(recorded, parsed, out);
    DecisionReplay replay =
        parsed.isEmpty() ? DecisionReplay.of(recorded) : DecisionReplay.with(recorded, settings);
    out.printf("Decision %d about %s:%n", entry.number(), entry.vm());
    replay.told().forEach(line -> Paragraphs.print(out, "  " + line));
    return parsed.isEmpty() && !replay.same() ? 1 : 0;
  }

  private int replayAll(PrintWriter out, DecisionHistory history, List<Multiplier> parsed) {
    long[] counts = new long[2];
    history.forEach(recorded -> {
      DecisionReplay replay =
          parsed.isEmpty()
              ? DecisionReplay.of(recorded)
              : DecisionReplay.with(
                  recorded, changed(recorded, parsed, new PrintWriter(Writer.nullWriter())));
      boolean same = parsed.isEmpty() ? replay.same() : replay.sameHosts();
      counts[same ? 0 : 1]++;
      if (!same) {
        Paragraphs.print(
            out,
            "#%d %s: %s"
                .formatted(
                    recorded.logged().number(),
                    recorded.request().vm().id(),
                    replay.told().getFirst()));
      }
    });
    out.printf(
        "%d decisions made again: %d %s, %d differ%n",
        counts[0] + counts[1],
        counts[0],
        parsed.isEmpty() ? "are the same to the last bit" : "choose the same hosts",
        counts[1]);
    return parsed.isEmpty() && counts[1] > 0 ? 1 : 0;
  }

  private static PlacementSettings changed(
      RecordedDecision recorded, List<Multiplier> multipliers, PrintWriter out) {
    PlacementSettings settings = recorded.placer().settings();
    for (Multiplier multiplier : multipliers) {
      PlacementSettings next = multiplier.applyTo(settings);
      multiplier.turnedAround(settings).ifPresent(note -> Paragraphs.print(out, "note: " + note));
      settings = next;
    }
    return settings;
  }
}
