package io.penumbra.app.decisions;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionExplanation;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.placement.log.FleetStep;
import io.penumbra.placement.log.VmHistory;
import io.penumbra.placement.log.VmStory;
import java.io.PrintWriter;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penumbra decisions explain}: why a VM is where it is, in sentences. */
@Command(
    name = "explain",
    description = "Why a VM is where it is, in sentences, and what has happened to it since.")
final class ExplainCommand implements Callable<Integer> {

  private static final int HISTORY_MAX = 25;

  @Spec private CommandSpec spec;
  @Mixin private LogOption log;

  @Parameters(
      paramLabel = "VM",
      description = "A VM by id or name, or the number of one decision, or a request id.")
  private String named;

  @Option(names = "--all", description = "Explain every decision about the VM, oldest first.")
  private boolean all;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ExplainCommand() {}

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    DecisionHistory history = log.open(spec.commandLine().getErr());
    String id = log.idOf(named, history);
    DecisionEntry chosen = LogOption.find(history, id);
    if (chosen.vm().value().equals(id)) {
      log.nameOf(chosen.vm())
          .ifPresent(name -> out.printf("%s is called %s.%n", chosen.vm(), name));
      explainVm(out, history, chosen.vm());
    } else {
      explain(out, history, chosen);
    }
    return 0;
  }

  private void explainVm(PrintWriter out, DecisionHistory history, VmId vm) {
    List<DecisionEntry> decisions = history.decisionsOf(vm);
    VmStory story = history.storyOf(vm);
    Paragraphs.print(out, now(vm, story));
    List<FleetStep> steps = story.steps();
    List<String> told = VmHistory.told(decisions, steps);
    int skipped = Math.max(0, told.size() - HISTORY_MAX);
    out.println("What happened:");
    if (skipped > 0) {
      out.printf("  (%d earlier lines left out)%n", skipped);
    }
    told.subList(skipped, told.size()).forEach(line -> Paragraphs.print(out, "  " + line));
    TreeSet<Long> explained = new TreeSet<>();
    for (DecisionEntry entry : decisions) {
      if (all || isNewest(decisions, entry)) {
        explained.add(entry.number());
      }
    }
    explained.forEach(number -> explain(out, history, history.entry(number).orElseThrow()));
    if (explained.size() < decisions.size()) {
      out.printf("%nThe other decisions about it: penumbra decisions explain %s --all%n", vm);
    }
  }

  /** Whether it is the newest decision about the VM itself or the newest about its shadows. */
  private static boolean isNewest(List<DecisionEntry> decisions, DecisionEntry entry) {
    return decisions.stream()
        .filter(other -> other.fixedPrimary() == entry.fixedPrimary())
        .allMatch(other -> other.number() <= entry.number());
  }

  private static String now(VmId vm, VmStory story) {
    String shadows =
        story.shadows().isEmpty()
            ? "has no shadow"
            : "has its shadow on "
                + story.shadows().stream().map(HostId::value).collect(Collectors.joining(" and "));
    return story
        .primary()
        .map(host -> "%s is on %s and %s.".formatted(vm, host, shadows))
        .orElse("%s is on no host and %s.".formatted(vm, shadows));
  }

  private static void explain(PrintWriter out, DecisionHistory history, DecisionEntry entry) {
    out.printf(
        "%nDecision %d (%s, generation %d):%n", entry.number(), entry.at(), entry.generation());
    DecisionExplanation.of(history.load(entry)).forEach(line -> Paragraphs.print(out, "  " + line));
  }
}
