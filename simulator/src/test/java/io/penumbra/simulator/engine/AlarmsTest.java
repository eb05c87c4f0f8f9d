package io.penumbra.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.RiskScore;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.report.Timeline.Kind;
import io.penumbra.simulator.scenario.FailureCause;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class AlarmsTest {

  private static final Duration DAY = Duration.ofDays(1);

  private final Alarms alarms =
      new Alarms(
          new FailureIndex(
              2,
              List.of(
                  new HardwareFailure(
                      0,
                      Duration.ofHours(10),
                      FailureKind.CRASH,
                      FailureCause.MEMORY,
                      Duration.ofHours(1),
                      1,
                      0,
                      true))),
          new RiskThresholds(0.05, 0.3));

  @Test
  void comesTrueWhenTheHostFailsWithinTheHorizon() {
    scored(0, 0.4, 4);

    assertThat(alarms.marks())
        .singleElement()
        .satisfies(mark -> {
          assertThat(mark.kind()).isEqualTo(Kind.PREDICTED);
          assertThat(mark.text()).isEqualTo("risk 0.40 within 24 h, failed 6.0 h later");
        });
  }

  @Test
  void isFalseWhenTheHostStaysWell() {
    scored(1, 0.4, 4);

    assertThat(alarms.marks())
        .singleElement()
        .satisfies(mark -> assertThat(mark.kind()).isEqualTo(Kind.FALSE_ALARM));
  }

  @Test
  void isOneAlarmHoweverOftenItIsSaid() {
    scored(1, 0.4, 4);
    scored(1, 0.2, 5);
    scored(1, 0.5, 6);

    assertThat(alarms.marks()).hasSize(1);
  }

  @Test
  void isAnotherOneAfterTheHostWasCalmOrStopped() {
    scored(0, 0.4, 4);
    scored(0, 0.01, 5);
    scored(0, 0.4, 6);
    alarms.stopped(0);
    scored(0, 0.4, 11);

    assertThat(alarms.marks())
        .extracting(LoopFigures.Mark::kind)
        .containsExactly(Kind.PREDICTED, Kind.PREDICTED, Kind.FALSE_ALARM);
  }

  @Test
  void whatIsOnlyLookedAtIsNoAlarm() {
    scored(1, 0.29, 4);

    assertThat(alarms.marks()).isEmpty();
  }

  private void scored(int host, double probability, long hour) {
    alarms.scored(
        host, new RiskScore(probability, DAY, List.of(), "test"), Duration.ofHours(hour).toNanos());
  }
}
