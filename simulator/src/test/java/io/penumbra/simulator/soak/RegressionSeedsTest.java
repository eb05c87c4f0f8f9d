package io.penumbra.simulator.soak;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Seeds that once showed a fault of the control loop. What they meet changes with the code, so the
 * fault itself has a test of its own beside the loop; these are kept because they are eventful.
 */
final class RegressionSeedsTest {

  /** An old shadow took over from a newer primary, or an old primary from a newer shadow. */
  @ParameterizedTest
  @ValueSource(longs = {1080, 1550, 1736, 2493, 2500, 4700, 4723, 6308, 7008, 8736, 9762, 9788})
  void newestStateServes(long seed) {
    endsWell(seed);
  }

  /** Clients were left where the VM no longer was, or a shadow was placed where they were sent. */
  @ParameterizedTest
  @ValueSource(longs = {2429, 2786, 2961, 3123, 4260, 4848, 5342, 6296, 8088, 9496})
  void clientsFollowTheirVm(long seed) {
    endsWell(seed);
  }

  /** A host was never used again; a VM kept more shadows than it wants, or an old primary. */
  @ParameterizedTest
  @ValueSource(longs = {5233, 8368, 12320})
  void nothingStaysBehind(long seed) {
    endsWell(seed);
  }

  private static void endsWell(long seed) {
    SoakResult result = SoakRun.run(seed, SoakRun.Options.usual());
    assertThat(result.verdict()).as(result.report()).isEqualTo(SoakVerdict.OK);
  }
}
