package io.penumbra.simulator.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.telemetry.HostTelemetry;
import io.penumbra.placement.risk.FeatureList;
import io.penumbra.placement.risk.ObservedTelemetry;
import io.penumbra.placement.risk.ObservedTelemetry.Failed;
import io.penumbra.simulator.hardware.FailureKind;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.hardware.Precursor;
import io.penumbra.simulator.scenario.FailureCause;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimulatedTelemetryTest {

  private final Scenario scenario =
      ScenarioDraft.defaults().hosts(500).seed(8).duration(Duration.ofDays(60)).build();
  private final ScenarioFleet fleet = ScenarioFleet.of(scenario);
  private final FailureSchedule schedule = FailureSchedule.draw(scenario, fleet);
  private final SimulatedTelemetry telemetry = new SimulatedTelemetry(scenario, fleet, schedule);

  @Test
  void theSameQuestionGetsTheSameAnswerInAnyOrder() {
    Duration noon = Duration.ofHours(12);
    HostTelemetry first = telemetry.sample(3, noon).orElseThrow();
    assertThat(telemetry.sample(200, Duration.ofDays(59))).isPresent();
    assertThat(telemetry.sample(3, noon)).contains(first);
    assertThat(new SimulatedTelemetry(scenario, fleet, schedule).sample(3, noon)).contains(first);
    assertThat(first.host()).isEqualTo(fleet.host(3).id());
    assertThat(first.at()).isEqualTo(scenario.start().plus(noon));
  }

  @Test
  void aHostThatIsDownSendsNothingAndCountsItsFailureWhenItIsBack() {
    HardwareFailure crash =
        schedule.crashes().stream()
            .filter(f -> f.until().compareTo(Duration.ofDays(59)) < 0)
            .findFirst()
            .orElseThrow();
    int host = crash.host();
    assertThat(telemetry.sample(host, crash.at().plus(crash.lasts().dividedBy(2)))).isEmpty();
    HostTelemetry before =
        telemetry.sample(host, crash.at().minus(Duration.ofMillis(1))).orElseThrow();
    HostTelemetry after = telemetry.sample(host, crash.until()).orElseThrow();
    assertThat(after.history().pastFailures()).isEqualTo(before.history().pastFailures() + 1);
    assertThat(after.history().hoursSinceRepair()).isZero();
  }

  @Test
  void memoryErrorsPileUpBeforeAnAnnouncedMemoryFailure() {
    List<Precursor> signs =
        schedule.precursors().stream()
            .filter(p -> p.cause() == FailureCause.MEMORY && p.real())
            .filter(p -> p.from().compareTo(Duration.ofDays(1)) > 0)
            .filter(p -> p.until().compareTo(Duration.ofDays(60)) < 0)
            .toList();
    assertThat(signs).isNotEmpty();
    for (Precursor sign : signs) {
      double early = errors(sign.host(), sign.from());
      double late = errors(sign.host(), sign.until().minusMillis(1));
      assertThat(late - early).isGreaterThan(100);
    }
  }

  private double errors(int host, Duration at) {
    return telemetry.sample(host, at).orElseThrow().memory().correctedLastDay();
  }

  @Test
  void countersNeverFallAndSharesStayShares() {
    for (int host = 0; host < 100; host++) {
      double errors = 0;
      double sectors = 0;
      for (int hour = 0; hour < 60 * 24; hour += 5) {
        Duration at = Duration.ofHours(hour);
        if (telemetry.reports(host, at)) {
          HostTelemetry sample = telemetry.sample(host, at).orElseThrow();
          assertThat(sample.memory().correctedTotal()).isGreaterThanOrEqualTo(errors);
          assertThat(sample.disk().reallocatedSectors()).isGreaterThanOrEqualTo(sectors);
          errors = sample.memory().correctedTotal();
          sectors = sample.disk().reallocatedSectors();
        }
      }
    }
  }

  @Test
  void loadFollowsTheDay() {
    double day = 0;
    double night = 0;
    for (int host = 0; host < 500; host++) {
      day += telemetry.sample(host, Duration.ofHours(14)).map(s -> s.load().cpu()).orElse(0.4);
      night += telemetry.sample(host, Duration.ofHours(2)).map(s -> s.load().cpu()).orElse(0.4);
    }
    assertThat(day / 500).isGreaterThan(night / 500 + 0.1);
  }

  @Test
  void fateIsTheNextCrashOrTheEndOfTheRun() {
    HardwareFailure crash = schedule.crashes().getFirst();
    Duration before = crash.at().minusMinutes(30 > crash.at().toMinutes() ? 0 : 30);
    assertThat(telemetry.fate(crash.host(), before))
        .isEqualTo(new Failed(crash.at().minus(before)));
  }

  @Test
  void trainingDataIsTheSameEveryTimeAndTellsBothFates() {
    Scenario small = ScenarioDraft.defaults().hosts(60).duration(Duration.ofDays(30)).build();
    SimulatedTrainingData data = new SimulatedTrainingData(small, Duration.ofHours(12));
    Iterator<ObservedTelemetry> again = data.samples();
    int fails = 0;
    int samples = 0;
    for (Iterator<ObservedTelemetry> it = data.samples(); it.hasNext(); ) {
      ObservedTelemetry sample = it.next();
      assertThat(again.next()).isEqualTo(sample);
      fails += sample.label(Duration.ofDays(7)) == ObservedTelemetry.Label.FAILS ? 1 : 0;
      samples++;
    }
    assertThat(again.hasNext()).isFalse();
    assertThat(data.samplesAbout()).isEqualTo(3_600);
    assertThat(samples).isBetween(3_500, 3_600);
    assertThat(fails).isPositive();
    assertThat(data.source()).contains("seed 1").contains("60 hosts");
  }

  @Test
  void rowsForModelsAreTheSamplesAndMillionsOfThemAreCheap() {
    FeatureList features = new FeatureList(List.copyOf(fleet.byFirmware().keySet()));
    float[] row = new float[features.width()];
    float[] expected = new float[features.width()];
    features.write(telemetry.sample(9, Duration.ofHours(5)).orElseThrow(), expected, 0);
    assertThat(telemetry.write(9, Duration.ofHours(5).toMillis(), features, row, 0)).isTrue();
    assertThat(row).isEqualTo(expected);
    int written = 0;
    for (int i = 0; i < 1_000_000; i++) {
      long at = i * 5_000L % scenario.duration().toMillis();
      written += telemetry.write(i % 500, at, features, row, 0) ? 1 : 0;
    }
    assertThat(written).isGreaterThan(990_000);
  }

  @Test
  void aStallIsNoCrash() {
    assertThat(schedule.failures()).anyMatch(f -> f.kind() == FailureKind.FREEZE);
    HardwareFailure freeze =
        schedule.failures().stream()
            .filter(f -> f.kind() == FailureKind.FREEZE)
            .findFirst()
            .orElseThrow();
    assertThat(telemetry.reports(freeze.host(), freeze.at())).isFalse();
    assertThat(telemetry.fate(freeze.host(), freeze.at())).isNotEqualTo(new Failed(Duration.ZERO));
  }
}
