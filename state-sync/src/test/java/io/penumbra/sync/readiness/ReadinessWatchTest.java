package io.penumbra.sync.readiness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.sync.path.PathForecast;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadinessWatchTest {

  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final PathForecast SOUND = new PathForecast(1e6, 0, 1e8, 0, 0, 0);
  private static final PathForecast LOSSY = new PathForecast(2e6, 0, 5e7, 0, 0.1, 0);

  private final ReadinessWatch watch =
      new ReadinessWatch(
          100,
          new ReadinessAssessment(SECOND, SECOND, Duration.ZERO),
          () -> NetworkForecast.of(List.of(SOUND), SECOND));

  @Test
  void aCopyOfWhichNothingIsVerifiedIsNotReadyAndNotOffered() {
    watch.inTouch(0);
    watch.progress(60, 100, 1_000);

    Readiness now = watch.at(NOON);

    assertThat(now.score()).isZero();
    assertThat(now.planned()).isEmpty();
    assertThat(now.reasons())
        .anyMatch(reason -> reason.contains("no epoch is verified"))
        .anyMatch(reason -> reason.contains("60 of 100 pages"));
  }

  @Test
  void nobodyThereIsNoPath() {
    watch.inTouch(3);
    watch.outOfTouch();

    assertThat(watch.at(NOON).stability()).isZero();
  }

  @Test
  void onePathThatLosesATenthDeliversNineTenths() {
    NetworkForecast forecast = NetworkForecast.of(List.of(LOSSY), SECOND);

    assertThat(forecast.delivery()).isCloseTo(0.9, within(1e-9));
  }

  @Test
  void ofSeveralPathsOneMayFail() {
    NetworkForecast forecast = NetworkForecast.of(List.of(SOUND, LOSSY, LOSSY), SECOND);

    assertThat(forecast.delivery()).isCloseTo(0.81 + 2 * 0.09, within(1e-9));
    assertThat(forecast.bytesPerSecond()).isEqualTo(2e8);
    assertThat(forecast.oneWay()).isEqualTo(Duration.ofMillis(1));
  }

  @Test
  void withoutPathsThereIsNone() {
    assertThat(NetworkForecast.of(List.of(), SECOND)).isEqualTo(NetworkForecast.NONE);
  }
}
