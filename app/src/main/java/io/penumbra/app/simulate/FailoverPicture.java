package io.penumbra.app.simulate;

import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.report.FailoverTrace;
import io.penumbra.simulator.report.FailoverTrace.Step;
import io.penumbra.simulator.run.RunResult;
import io.penumbra.simulator.run.ScenarioInputs;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Draws one typical failover from the loop's ledger. */
final class FailoverPicture {

  private FailoverPicture() {}

  /** The failover of median length among those whose host had died; empty when there was none. */
  static Optional<FailoverTrace> of(ScenarioInputs inputs, RunResult run) {
    List<FailoverRecord> dead =
        run.failovers().stream()
            .filter(record -> record.reason() == FailoverReason.HOST_FAILED)
            .sorted(
                Comparator.comparing(FailoverRecord::recoveryTime)
                    .thenComparing(FailoverRecord::saga))
            .toList();
    return dead.isEmpty()
        ? Optional.empty()
        : Optional.of(trace(inputs, run, dead.get(dead.size() / 2)));
  }

  private static FailoverTrace trace(ScenarioInputs inputs, RunResult run, FailoverRecord record) {
    Optional<HardwareFailure> failure = failureBefore(inputs, record);
    Instant died =
        failure.map(f -> inputs.scenario().start().plus(f.at())).orElse(record.suspectedAt());
    List<Step> steps = new ArrayList<>();
    Duration at = Duration.between(died, record.suspectedAt());
    steps.add(new Step("detect", Duration.ZERO, at, 1));
    Duration serving = Duration.between(died, record.promotedAt());
    for (FailoverRecord.StepTiming timing : record.timings()) {
      if (timing.step().terminal() || timing.took().isZero()) {
        continue;
      }
      steps.add(new Step(name(timing.step()), at, timing.took(), timing.attempts()));
      at = at.plus(timing.took());
      if (timing.step() == SagaStep.DNS || timing.step() == SagaStep.LOAD_BALANCER) {
        serving = at;
      }
    }
    return new FailoverTrace(
        run.variant().title(),
        record.vm(),
        record.from(),
        record.to(),
        "its host failed (%s)"
            .formatted(
                failure.map(f -> words(f.cause().name())).orElse("no hardware fault on record")),
        steps,
        serving,
        lost(record));
  }

  private static Optional<HardwareFailure> failureBefore(
      ScenarioInputs inputs, FailoverRecord record) {
    int host = inputs.fleet().indexOf(record.from());
    Duration suspected = Duration.between(inputs.scenario().start(), record.suspectedAt());
    return inputs.failures().failures().stream()
        .filter(failure -> failure.host() == host && failure.at().compareTo(suspected) <= 0)
        .max(Comparator.comparing(HardwareFailure::at));
  }

  private static String lost(FailoverRecord record) {
    return String.format(
        Locale.ROOT,
        "%.3f s of state, %.1f MiB",
        record.age().toNanos() / 1e9,
        record.bytesLost() / (double) (1 << 20));
  }

  private static String name(SagaStep step) {
    return step == SagaStep.DNS ? "DNS" : words(step.name());
  }

  private static String words(String constant) {
    return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
