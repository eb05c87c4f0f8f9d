package io.penumbra.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.report.PolicyResult.Failovers;
import io.penumbra.simulator.report.PolicyResult.Miss;
import io.penumbra.simulator.run.PolicyVariant;
import io.penumbra.simulator.run.RunResult;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A failover that was missed is counted with the reason. */
class MissedFailoversTest {

  private static final int HOSTS = 4;
  private static final Duration HOUR = Duration.ofHours(1);

  private final Scenario scenario =
      ScenarioDraft.defaults()
          .duration(Duration.ofDays(1))
          .set("workload.vms", "1", "test")
          .hosts(HOSTS)
          .set("fleet.hostsPerRack", "1", "test")
          .set("fleet.racksPerPowerFeed", "1", "test")
          .seed(1)
          .build();
  private final ScenarioInputs drawn = ScenarioInputs.of(scenario);
  private final Duration arrival = Duration.ofMillis(drawn.trace().atMillis(0));

  @Test
  void aHostThatDiesAloneIsNoMiss() {
    // Whichever it is: only one of them has the VM.
    List<HardwareFailure> oneAfterTheOther =
        IntStream.range(0, HOSTS)
            .mapToObj(host ->
                crash(
                    host,
                    arrival.plus(Duration.ofMinutes(10).multipliedBy(host + 1L)),
                    Duration.ofMinutes(5)))
            .toList();

    Failovers failovers = run(PolicyVariant.WARM, oneAfterTheOther);

    assertThat(failovers.trueOnes()).isPositive();
    assertThat(failovers.misses()).isEmpty();
  }

  @Test
  void theShadowDiedWithItsPrimary() {
    assertThat(run(PolicyVariant.WARM, all(arrival.plus(HOUR), HOUR)).misses())
        .isEqualTo(Map.of(Miss.SHADOW_DOWN, 1L));
  }

  @Test
  void theShadowWasNotThereYet() {
    // When exactly its guest begins is drawn.
    assertThat(IntStream.range(1, 40))
        .anyMatch(second ->
            run(PolicyVariant.WARM, all(arrival.plusSeconds(second), HOUR))
                .misses()
                .equals(Map.of(Miss.SHADOW_INCOMPLETE, 1L)));
  }

  @Test
  void theHostWasBackBeforeAnybodyNoticed() {
    assertThat(
            run(PolicyVariant.EVACUATE, all(arrival.plus(HOUR), Duration.ofSeconds(20))).misses())
        .isEqualTo(Map.of(Miss.BACK_FIRST, 1L));
  }

  @Test
  void noOtherHostWasLeft() {
    assertThat(run(PolicyVariant.EVACUATE, all(arrival.plus(HOUR), HOUR)).misses())
        .isEqualTo(Map.of(Miss.NO_ROOM, 1L));
  }

  @Test
  void nobodyWantedAnything() {
    assertThat(run(PolicyVariant.NONE, all(arrival.plus(HOUR), HOUR)).misses())
        .isEqualTo(Map.of(Miss.WAITS, 1L));
  }

  private Failovers run(PolicyVariant variant, List<HardwareFailure> failures) {
    ScenarioInputs inputs =
        new ScenarioInputs(
            scenario,
            drawn.fleet(),
            drawn.trace(),
            new FailureSchedule(failures, List.of(), drawn.failures().pasts()),
            List.of());
    RunResult result =
        Simulation.run(
            inputs,
            variant,
            Simulation.Options.of(Optional.empty(), new MemoryDecisionLog(100)),
            share -> true);
    assertThat(result.breaches()).isEmpty();
    return result.figures().failovers();
  }

  private static List<HardwareFailure> all(Duration at, Duration lasts) {
    return IntStream.range(0, HOSTS).mapToObj(host -> crash(host, at, lasts)).toList();
  }

  private static HardwareFailure crash(int host, Duration at, Duration lasts) {
    return new HardwareFailure(
        host, at, FailureKind.CRASH, FailureCause.BOARD, lasts, 1, host, false);
  }
}
