package io.penumbra.simulator.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.workload.VmTrace;
import io.penumbra.simulator.workload.Workload;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuestFailuresTest {

  private final Scenario scenario =
      ScenarioDraft.defaults().vms(20_000).set("hardware.guestCrashesPerVmYear=50").build();
  private final VmTrace trace = Workload.of(scenario);
  private final List<GuestFailure> failures = GuestFailures.draw(scenario, trace);

  @Test
  void guestsCrashWhileTheyAreThereInOrderOfTime() {
    assertThat(failures)
        .isSortedAccordingTo(Comparator.comparing(GuestFailure::at))
        .allSatisfy(failure -> {
          long at = failure.at().toMillis();
          long arrival = trace.atMillis(failure.vm());
          assertThat(at).isGreaterThanOrEqualTo(arrival);
          assertThat(at - arrival).isLessThanOrEqualTo(trace.lifetimeMillis(failure.vm()));
          assertThat(failure.at()).isLessThan(scenario.duration());
        });
  }

  @Test
  void theyCrashAtTheWishedRate() {
    double vmYears = 0;
    for (int vm = 0; vm < trace.size(); vm++) {
      long left = scenario.duration().toMillis() - trace.atMillis(vm);
      vmYears +=
          Math.min(left, trace.lifetimeMillis(vm)) / (Duration.ofDays(1).toMillis() * 365.25);
    }
    double deviation = Math.sqrt(50 * vmYears);
    assertThat((double) failures.size())
        .isBetween(50 * vmYears - 4 * deviation, 50 * vmYears + 4 * deviation);
  }
}
