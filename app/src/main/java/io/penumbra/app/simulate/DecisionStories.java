package io.penumbra.app.simulate;

import io.penumbra.app.simulate.KeptDecisions.Noted;
import io.penumbra.placement.log.DecisionEntry;
import io.penumbra.placement.log.DecisionExplanation;
import io.penumbra.placement.log.DecisionHistory;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.simulator.report.ComparisonReport.DecisionStory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Picks three decisions of a run that a newcomer should read. */
final class DecisionStories {

  private static final int STORIES = 3;
  private static final int LINES = 5;
  private static final Path USUAL_LOG = Path.of("penumbra-out", "decisions");

  private final DecisionHistory history;
  private final Path directory;
  private final List<DecisionStory> stories = new ArrayList<>();

  private DecisionStories(Path directory) {
    this.directory = directory;
    this.history = DecisionHistory.open(directory);
  }

  /** At most three, from a log that is closed. */
  static List<DecisionStory> of(
      KeptDecisions decisions, List<FailoverRecord> failovers, Path directory) {
    DecisionStories picked = new DecisionStories(directory);
    picked.add("Where a VM went that was failed over later", saved(decisions, failovers));
    picked.add("The closest call", decisions.closestCall());
    picked.add("No host would do", decisions.firstRefusal());
    picked.add("No room for every shadow", decisions.firstWithoutEnoughShadows());
    picked.add("A new shadow after the failover", newShadow(picked.history, failovers));
    return List.copyOf(picked.stories);
  }

  private static Optional<Noted> saved(KeptDecisions decisions, List<FailoverRecord> failovers) {
    return failovers.stream()
        .filter(failover -> failover.reason() == FailoverReason.HOST_FAILED)
        .findFirst()
        .flatMap(failover -> decisions.firstOf(failover.vm()));
  }

  private static Optional<Noted> newShadow(
      DecisionHistory history, List<FailoverRecord> failovers) {
    return failovers.stream()
        .flatMap(failover -> history.decisionsOf(failover.vm()).stream().skip(1))
        .filter(entry -> entry.fixedPrimary() && entry.placed())
        .findFirst()
        .map(entry -> new Noted(entry.number(), entry.vm()));
  }

  private void add(String title, Optional<Noted> noted) {
    if (stories.size() < STORIES) {
      noted.flatMap(n -> history.entry(n.number())).ifPresent(entry -> add(title, entry));
    }
  }

  private void add(String title, DecisionEntry entry) {
    List<String> lines = DecisionExplanation.of(history.load(entry));
    stories.add(
        new DecisionStory(
            title,
            entry.vm().value(),
            String.join("\n", lines.subList(0, Math.min(LINES, lines.size()))),
            command(entry)));
  }

  /** The VM's name where that means this decision, else the decision's number. */
  private String command(DecisionEntry entry) {
    boolean newest = history.decisionsOf(entry.vm()).getLast().number() == entry.number();
    List<String> arguments = new ArrayList<>();
    arguments.add("explain");
    arguments.add(newest ? entry.vm().value() : Long.toString(entry.number()));
    if (!directory.normalize().equals(USUAL_LOG)) {
      arguments.add("--log");
      arguments.add(directory.toString());
    }
    return CommandLineText.of(arguments, "decisions");
  }
}
