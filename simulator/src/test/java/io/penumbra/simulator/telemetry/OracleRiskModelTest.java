package io.penumbra.simulator.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.RiskScore;
import io.penumbra.simulator.hardware.FailureSchedule;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.scenario.ScenarioFleet;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class OracleRiskModelTest {

  private static Scenario scenario(double precision, double recall) {
    return ScenarioDraft.defaults()
        .hosts(5_000)
        .seed(6)
        .set("detection.oraclePrecision", Double.toString(precision), "test")
        .set("detection.oracleRecall", Double.toString(recall), "test")
        .build();
  }

  @Test
  void tellsTheWishedShareOfTheCrashesTheWishedTimeAhead() {
    Scenario scenario = scenario(0.6, 0.5);
    ScenarioFleet fleet = ScenarioFleet.of(scenario);
    FailureSchedule schedule = FailureSchedule.draw(scenario, fleet);
    try (OracleRiskModel oracle = new OracleRiskModel(scenario, fleet, schedule)) {
      long told =
          schedule.crashes().stream()
              .filter(crash -> oracle.probability(crash.host(), crash.at()) == 0.6)
              .count();
      assertThat(told / (double) schedule.crashes().size()).isCloseTo(0.5, within(0.08));
      // Each alarm makes the score rise once and fall once.
      assertThat(told * 2.0 / oracle.changes().size()).isCloseTo(0.6, within(0.02));
    }
  }

  @Test
  void theClairvoyantOneMissesNothingAndNeverErrs() {
    Scenario scenario = scenario(1, 1);
    ScenarioFleet fleet = ScenarioFleet.of(scenario);
    FailureSchedule schedule = FailureSchedule.draw(scenario, fleet);
    SimulatedTelemetry telemetry = new SimulatedTelemetry(scenario, fleet, schedule);
    try (OracleRiskModel oracle = new OracleRiskModel(scenario, fleet, schedule)) {
      Duration lead = scenario.detection().oracleLead();
      for (HardwareFailure crash : schedule.crashes()) {
        assertThat(oracle.probability(crash.host(), crash.at())).isEqualTo(1);
      }
      assertThat(oracle.changes()).hasSize(2 * schedule.crashes().size());
      HardwareFailure crash =
          schedule.crashes().stream()
              .filter(f -> f.at().compareTo(lead.multipliedBy(4)) > 0)
              .findFirst()
              .orElseThrow();
      Duration early = crash.at().minus(lead.multipliedBy(2));
      assertThat(oracle.probability(crash.host(), early)).isLessThan(0.01);
      RiskScore score =
          oracle
              .score(
                  List.of(telemetry.sample(crash.host(), crash.at().minusMillis(1)).orElseThrow()))
              .getFirst();
      assertThat(score.probability()).isEqualTo(1);
      assertThat(score.drivers().getFirst().feature()).isEqualTo("oracle_alarm");
      assertThat(score.model()).contains("oracle");
    }
  }
}
