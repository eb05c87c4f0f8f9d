package io.penumbra.simulator.hardware;

import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.util.Comparator;
import java.util.List;

/**
 * Everything that will happen to hardware in a run, drawn before it begins, so that every policy
 * meets the same failures.
 *
 * @param failures by time, then host; those of one host never overlap
 * @param precursors signs in telemetry, by host, then time; also of failures just after the run
 * @param pasts what each host had behind it, by index
 */
public record FailureSchedule(
    List<HardwareFailure> failures, List<Precursor> precursors, List<HostPast> pasts) {

  static final Comparator<HardwareFailure> BY_TIME =
      Comparator.comparing(HardwareFailure::at).thenComparingInt(HardwareFailure::host);

  static final Comparator<Precursor> BY_HOST =
      Comparator.comparingInt(Precursor::host)
          .thenComparing(Precursor::from)
          .thenComparing(Precursor::until);

  public FailureSchedule {
    failures = failures.stream().sorted(BY_TIME).toList();
    precursors = precursors.stream().sorted(BY_HOST).toList();
    pasts = List.copyOf(pasts);
  }

  /** Draws the schedule; it depends on the scenario's seed, fleet, hardware laws and span only. */
  public static FailureSchedule draw(Scenario scenario, ScenarioFleet fleet) {
    return new FailureDraw(scenario, fleet).draw();
  }

  /** Only what takes hosts down. */
  public List<HardwareFailure> crashes() {
    return failures.stream().filter(failure -> failure.kind() == FailureKind.CRASH).toList();
  }
}
