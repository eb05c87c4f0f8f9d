package io.penumbra.simulator.report;

import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Recent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What the figures say, in sentences made from the figures, whichever way they fall. */
final class Takeaways {

  private static final int FEW_SAMPLES = 100;

  private final ComparisonReport report;
  private final List<String> sentences = new ArrayList<>();

  private Takeaways(ComparisonReport report) {
    this.report = report;
  }

  /** At most one sentence per subject, the most important first. */
  static List<String> of(ComparisonReport report) {
    Takeaways takeaways = new Takeaways(report);
    takeaways.downtime();
    takeaways.stateLost();
    takeaways.prediction();
    takeaways.price();
    takeaways.refused();
    takeaways.sampleSize();
    return takeaways.sentences;
  }

  /** The Penumbra policy with the least downtime. */
  static Optional<PolicyResult> best(ComparisonReport report, Kind kind) {
    return report.policies().stream()
        .filter(policy -> policy.kind() == kind)
        .min(Comparator.comparingDouble(PolicyResult::downtimeMinutesPerVmYear));
  }

  private void downtime() {
    Optional<PolicyResult> ours = best(report, Kind.PENUMBRA);
    Optional<PolicyResult> theirs = best(report, Kind.BASELINE);
    if (ours.isEmpty() || theirs.isEmpty()) {
      return;
    }
    double our = ours.get().downtimeMinutesPerVmYear();
    double their = theirs.get().downtimeMinutesPerVmYear();
    if (our < their) {
      sentences.add(
          "'%s' kept a VM from serving for %s min a year; '%s', the best of the others, for %s min%s."
                  .formatted(
                      ours.get().name(),
                      Figures.number(our),
                      theirs.get().name(),
                      Figures.number(their),
                      our > 0 ? ", " + Figures.number(their / our) + " times as long" : "")
              + bound(our));
    } else {
      sentences.add(
          "No shadow policy beat '%s' (%s min of downtime per VM-year): the best, '%s', had %s min."
              .formatted(
                  theirs.get().name(),
                  Figures.number(their),
                  ours.get().name(),
                  Figures.number(our)));
    }
  }

  private String bound(double our) {
    return best(report, Kind.BOUND)
        .map(PolicyResult::downtimeMinutesPerVmYear)
        .filter(bound -> bound < our)
        .map(bound -> " Knowing the future would make it %s min.".formatted(Figures.number(bound)))
        .orElse("");
  }

  private void stateLost() {
    for (PolicyResult policy : report.policies()) {
      if (policy.kind() == Kind.PENUMBRA
          && policy.stateLost() instanceof Recent(Samples seconds)
          && !seconds.isEmpty()
          && best(report, Kind.PENUMBRA).filter(policy::equals).isPresent()) {
        sentences.add(
            "Under '%s' half of the unplanned interruptions lost at most %s of state, 99 %% at most %s."
                .formatted(
                    policy.name(),
                    Figures.seconds(seconds.quantile(0.5)),
                    Figures.seconds(seconds.quantile(0.99))));
      }
    }
  }

  private void prediction() {
    report.policies().stream()
        .filter(policy -> policy.kind() == Kind.PENUMBRA && policy.plannedMigrations() > 0)
        .max(Comparator.comparingLong(PolicyResult::plannedMigrations))
        .ifPresent(policy ->
            sentences.add(
                "'%s' moved %s while their host still lived; %s of all its moves left a host that was well."
                    .formatted(
                        policy.name(),
                        Figures.counted(policy.plannedMigrations(), "VM", "VMs"),
                        Figures.count(policy.failovers().falseOnes()))));
  }

  private void price() {
    best(report, Kind.PENUMBRA)
        .ifPresent(policy ->
            sentences.add(
                "The price of '%s': %s %% more capacity promised and %s GiB per VM-day on the network."
                    .formatted(
                        policy.name(),
                        Figures.percent(policy.extraCapacityShare()),
                        Figures.number(policy.networkGibPerVmDay()))));
  }

  private void refused() {
    report.policies().stream()
        .filter(policy -> policy.vmsRefused() > 0)
        .max(Comparator.comparingLong(PolicyResult::vmsRefused))
        .ifPresent(policy ->
            sentences.add(
                "The fleet was too small for some: '%s' had to refuse %s."
                    .formatted(policy.name(), Figures.counted(policy.vmsRefused(), "VM", "VMs"))));
  }

  private void sampleSize() {
    report.policies().stream()
        .map(PolicyResult::rto)
        .filter(rto -> !rto.isEmpty())
        .mapToInt(Samples::count)
        .min()
        .stream()
        .filter(least -> least < FEW_SAMPLES)
        .forEach(least ->
            sentences.add(
                "Read p99 with care: some policy had %s, so its p99 is close to its worst case."
                    .formatted(Figures.counted(least, "interruption", "interruptions"))));
  }
}
