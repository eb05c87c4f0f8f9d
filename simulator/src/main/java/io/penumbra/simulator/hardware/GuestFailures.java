package io.penumbra.simulator.hardware;

import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.workload.VmTrace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws the crashes of guests on healthy hosts: a Poisson process per VM, from its own stream. */
public final class GuestFailures {

  private static final double MILLIS_PER_YEAR = 365.25 * 24 * 3_600_000;

  private static final Comparator<GuestFailure> BY_TIME =
      Comparator.comparing(GuestFailure::at).thenComparingInt(GuestFailure::vm);

  private GuestFailures() {}

  /** All crashes within the run and within each VM's stay, by time, then VM. */
  public static List<GuestFailure> draw(Scenario scenario, VmTrace trace) {
    double perMilli = scenario.hardware().guestCrashesPerVmYear() / MILLIS_PER_YEAR;
    List<GuestFailure> failures = new ArrayList<>();
    if (perMilli <= 0) {
      return failures;
    }
    Seeds seeds = scenario.seeds();
    for (int vm = 0; vm < trace.size(); vm++) {
      long left = scenario.duration().toMillis() - trace.atMillis(vm);
      long stay = Math.min(left, trace.lifetimeMillis(vm));
      // The first draw alone tells for nearly every VM that it never crashes.
      double first = -Math.log(1 - seeds.uniform("guest-crash", vm)) / perMilli;
      if (first < stay) {
        addCrashes(failures, vm, trace.atMillis(vm), first, stay, perMilli, seeds);
      }
    }
    failures.sort(BY_TIME);
    return failures;
  }

  private static void addCrashes(
      List<GuestFailure> failures,
      int vm,
      long arrival,
      double first,
      long stay,
      double perMilli,
      Seeds seeds) {
    RandomGenerator random = seeds.stream("guest-crash-again", vm);
    double at = first;
    while (at < stay) {
      failures.add(new GuestFailure(vm, Duration.ofMillis(arrival + (long) at)));
      at += -Math.log(1 - random.nextDouble()) / perMilli;
    }
  }
}
