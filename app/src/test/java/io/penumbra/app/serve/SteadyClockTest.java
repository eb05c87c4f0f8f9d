package io.penumbra.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SteadyClockTest {

  private static final Instant BEGIN = Instant.parse("2026-11-22T00:00:00Z");

  private Duration passed = Duration.ZERO;
  private Duration set = Duration.ZERO;
  private final List<Duration> steps = new ArrayList<>();
  private final SteadyClock clock =
      new SteadyClock(() -> BEGIN.plus(passed).plus(set), () -> passed.toNanos(), steps::add);

  private Instant after(Duration time) {
    passed = passed.plus(time);
    return clock.instant();
  }

  @Test
  void agreesWithTheWallClockWhileNobodySetsIt() {
    assertThat(after(Duration.ofHours(3))).isEqualTo(BEGIN.plus(Duration.ofHours(3)));
    assertThat(steps).isEmpty();
  }

  @Test
  void goesOnMoreSlowlyWhenTheClockIsSetBackAndNeverStandsStill() {
    set = Duration.ofHours(-1);
    assertThat(after(Duration.ofSeconds(4))).isEqualTo(BEGIN.plusSeconds(3));
    assertThat(after(Duration.ofHours(2))).isAfter(BEGIN.plus(Duration.ofMinutes(89)));
    assertThat(after(Duration.ofHours(2))).isEqualTo(BEGIN.plus(passed).plus(set));
    assertThat(steps).containsExactly(Duration.ofHours(-1));
  }

  @Test
  void leapsNotWhenTheClockIsSetForward() {
    set = Duration.ofDays(1);
    assertThat(after(Duration.ofSeconds(4))).isEqualTo(BEGIN.plusSeconds(5));
    after(Duration.ofDays(4));
    assertThat(clock.instant()).isEqualTo(BEGIN.plus(passed).plus(set));
    assertThat(steps).containsExactly(Duration.ofDays(1));
  }

  @Test
  void aCorrectionOfMillisecondsIsNobodysBusiness() {
    set = Duration.ofMillis(-40);
    assertThat(after(Duration.ofSeconds(1))).isEqualTo(BEGIN.plus(passed).plus(set));
    assertThat(steps).isEmpty();
  }
}
