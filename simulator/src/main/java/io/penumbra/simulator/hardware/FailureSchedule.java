package io.penumbra.simulator.hardware;

import java.util.Comparator;
import java.util.List;

/**
 * Everything that will happen to hardware in a run, drawn before it begins, so that every policy
 * meets the same failures.
 *
 * @param failures by time, then host
 * @param precursors signs in telemetry, by host, then time
 */
public record FailureSchedule(List<HardwareFailure> failures, List<Precursor> precursors) {

  static final Comparator<HardwareFailure> BY_TIME =
      Comparator.comparing(HardwareFailure::at).thenComparingInt(HardwareFailure::host);

  static final Comparator<Precursor> BY_HOST =
      Comparator.comparingInt(Precursor::host).thenComparing(Precursor::from);

  public FailureSchedule {
    failures = failures.stream().sorted(BY_TIME).toList();
    precursors = precursors.stream().sorted(BY_HOST).toList();
  }
}
