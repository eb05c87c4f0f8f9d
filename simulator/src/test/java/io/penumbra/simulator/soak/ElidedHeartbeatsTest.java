package io.penumbra.simulator.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.simulator.fault.FaultKind;
import io.penumbra.simulator.fault.FaultMix;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Leaving out the heartbeats of hosts that are well changes nothing that anybody can see. */
final class ElidedHeartbeatsTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void theSameVmsAreFailedOverToTheSameHosts(long seed) {
    FaultMix mix =
        FaultMix.of(FaultKind.HOST_FAILURE, FaultKind.AGENT_HANGS)
            .with(FaultKind.HOST_FAILURE, 2.0);

    List<String> elided = promotions(seed, SoakRun.Options.usual().withFaults(mix));
    List<String> full =
        promotions(seed, SoakRun.Options.usual().withFaults(mix).withEveryHostBeating());

    assertThat(elided).as("seed %d", seed).isEqualTo(full).isNotEmpty();
  }

  /** Without the time, which may differ by what the detector has learnt of a host's punctuality. */
  private static List<String> promotions(long seed, SoakRun.Options options) {
    List<String> promotions = new ArrayList<>();
    SoakResult result =
        SoakRun.run(
            seed,
            options.withTrace(line -> {
              int at = line.indexOf("serves: ");
              if (at > 0 && line.endsWith("promoted")) {
                promotions.add(line.substring(at));
              }
            }));
    assertThat(result.verdict()).as(result.report()).isEqualTo(SoakVerdict.OK);
    return promotions;
  }
}
