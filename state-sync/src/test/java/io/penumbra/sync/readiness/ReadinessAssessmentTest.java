package io.penumbra.sync.readiness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.sync.readiness.Readiness.Loss;
import io.penumbra.sync.readiness.Readiness.PlannedMigration;
import io.penumbra.sync.readiness.ShadowState.Acked;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReadinessAssessmentTest {

  private static final Instant NOW = Instant.parse("2026-11-21T06:00:00Z");
  private static final ReadinessAssessment ASSESSMENT =
      new ReadinessAssessment(
          Duration.ofSeconds(1), Duration.ofMillis(200), Duration.ofMillis(100));
  private static final NetworkForecast GOOD = new NetworkForecast(100e6, 1, Duration.ofMillis(1));

  @Test
  void aShadowThatLacksNothingIsAsGoodAsThePrimary() {
    Readiness readiness = ASSESSMENT.assess(shadow(500, 1_000, 0, 1e6, 2e6), GOOD, NOW);

    assertThat(readiness.score()).isEqualTo(1);
    assertThat(readiness.reasons()).isEmpty();
    assertThat(readiness.ifPrimaryDies())
        .contains(new Loss(7, Duration.ofMillis(500), 1e6, Duration.ofMillis(100)));
    assertThat(readiness.planned()).contains(new PlannedMigration(Duration.ofMillis(112)));
  }

  @Test
  void nothingVerifiedIsNoShadow() {
    ShadowState filling = new ShadowState(Optional.empty(), 1_000, 250, 0, 3e9, 0);
    Readiness readiness = ASSESSMENT.assess(filling, GOOD, NOW);

    assertThat(readiness.score()).isZero();
    assertThat(readiness.completeness()).isEqualTo(0.25);
    assertThat(readiness.ifPrimaryDies()).isEmpty();
    assertThat(readiness.planned()).isEmpty();
    assertThat(readiness.reasons())
        .containsExactly(
            "consistency 0: no epoch is verified yet", "completeness: 250 of 1000 pages are there");
  }

  @Test
  void beingFurtherBehindThanTheRpoCounts() {
    Readiness readiness = ASSESSMENT.assess(shadow(4_000, 1_000, 0, 1e6, 2e6), GOOD, NOW);

    assertThat(readiness.score()).isEqualTo(0.25, within(1e-9));
    assertThat(readiness.reasons())
        .containsExactly("completeness: epoch 7 is 4000 ms old, the RPO is 1000 ms");
  }

  @Test
  void pagesInDoubtForbidAPlannedMigrationButNotAFailover() {
    Readiness readiness = ASSESSMENT.assess(shadow(500, 1_000, 10, 1e6, 2e6), GOOD, NOW);

    assertThat(readiness.score()).isEqualTo(0.99);
    assertThat(readiness.planned()).isEmpty();
    assertThat(readiness.ifPrimaryDies()).isPresent();
  }

  @Test
  void pathsThatCannotKeepUpAreNotStable() {
    NetworkForecast slow = new NetworkForecast(1e6, 0.9, Duration.ofMillis(1));
    Readiness readiness = ASSESSMENT.assess(shadow(500, 1_000, 0, 1e6, 2e6), slow, NOW);

    assertThat(readiness.stability()).isEqualTo(0.45);
    assertThat(readiness.planned()).as("a second's pause is more than allowed").isEmpty();
    assertThat(readiness.reasons())
        .containsExactly(
            "stability: the VM changes 2.0 MB/s, the paths carry 1.0 MB/s",
            "stability: 90.00 % of frame groups arrive at once");
  }

  @Test
  void withoutAPathThereIsNoStability() {
    NetworkForecast none = new NetworkForecast(0, 0, Duration.ZERO);
    Readiness readiness = ASSESSMENT.assess(shadow(500, 1_000, 0, 1e6, 2e6), none, NOW);

    assertThat(readiness.score()).isZero();
    assertThat(readiness.planned()).isEmpty();
  }

  @Test
  void aClockThatRunsAheadLosesNothing() {
    Readiness readiness = ASSESSMENT.assess(shadow(-300, 1_000, 0, 0, 0), GOOD, NOW);
    assertThat(readiness.ifPrimaryDies().orElseThrow().time()).isZero();
  }

  @Test
  void refusesNumbersThatCannotBe() {
    assertThatThrownBy(() -> shadow(0, 1_001, 0, 0, 0))
        .hasMessage("1001 of 1000 pages are present; expected 0 to all");
    assertThatThrownBy(() -> shadow(0, 1_000, 0, Double.NaN, 0))
        .hasMessageStartingWith("NaN bytes behind");
  }

  private static ShadowState shadow(
      long ageMillis, long present, long inDoubt, double behind, double dirtied) {
    return new ShadowState(
        Optional.of(new Acked(7, NOW.minusMillis(ageMillis))),
        1_000,
        present,
        inDoubt,
        behind,
        dirtied);
  }
}
