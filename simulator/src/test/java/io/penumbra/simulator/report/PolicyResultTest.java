package io.penumbra.simulator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.simulator.report.PolicyResult.Failovers;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Recent;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PolicyResultTest {

  @Test
  void anHourInAYearIsSixtyMinutesPerVmYear() {
    PolicyResult result = result(Duration.ofHours(24 * 365 + 6), Duration.ofHours(1));

    assertThat(result.downtimeMinutesPerVmYear()).isCloseTo(60, within(1e-6));
    assertThat(result.vmYears()).isCloseTo(1, within(1e-9));
  }

  @Test
  void centuriesOfVmTimeAreNothingSpecial() {
    PolicyResult result = result(Duration.ofDays(30L * 100_000), Duration.ofDays(30));

    assertThat(result.availability()).isCloseTo(1 - 1e-5, within(1e-12));
  }

  @Test
  void whoWasAskedForNothingWasNeverAway() {
    assertThat(result(Duration.ZERO, Duration.ZERO).availability()).isEqualTo(1);
  }

  private static PolicyResult result(Duration vmTime, Duration downtime) {
    return new PolicyResult(
        "warm",
        "Takes over.",
        Kind.PENUMBRA,
        vmTime,
        downtime,
        Samples.EMPTY,
        new Recent(Samples.EMPTY),
        new Failovers(0, 0, Map.of()),
        0,
        0,
        0,
        1,
        0);
  }
}
