package io.penumbra.sync.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PaceTest {

  private static final Duration BUSY = Duration.ofMillis(1);

  private Instant now = Instant.EPOCH.plusSeconds(1000);
  private long busyRounds;

  @Test
  void overAWhileTheNetworksShareIsKept() {
    assertThat(bytesIn(new Pace(1e6, 1, () -> 0), Duration.ofSeconds(20), 50_000))
        .isBetween(19_500_000L, 20_300_000L);
  }

  @Test
  void overAWhileTheCoresShareIsKept() {
    long rounds =
        bytesIn(
            new Pace(Double.POSITIVE_INFINITY, 0.25, this::cpuAlwaysBusy),
            Duration.ofSeconds(10),
            1);
    // A round is busy for a millisecond.
    assertThat(rounds).isBetween(2_400L, 2_650L);
  }

  @Test
  void waitingForTheOtherEndIsNoWork() {
    Pace pace = new Pace(Double.POSITIVE_INFINITY, 0.01, () -> 0);
    pace.rest(0, now);
    now = now.plusSeconds(10);

    assertThat(pace.rest(1_000_000, now)).isZero();
  }

  @Test
  void threadsThatHelpCountAsWell() {
    // Two cores are busy for as long as this one is.
    long rounds =
        bytesIn(
            new Pace(Double.POSITIVE_INFINITY, 0.5, () -> 2 * cpuAlwaysBusy()),
            Duration.ofSeconds(10),
            1);
    assertThat(rounds).isBetween(2_400L, 2_650L);
  }

  @Test
  void nobodySavesUpForAFlood() {
    Pace pace = new Pace(1e6, 1, () -> 0);
    pace.rest(0, now);
    now = now.plusSeconds(3600);

    assertThat(pace.rest(10_000_000, now)).isGreaterThan(Duration.ofSeconds(9));
  }

  @Test
  void withoutLimitsNobodyRests() {
    assertThat(Pace.unlimited().rest(Long.MAX_VALUE, now)).isZero();
  }

  private long cpuAlwaysBusy() {
    return busyRounds * BUSY.toNanos();
  }

  private long bytesIn(Pace pace, Duration time, long bytesEach) {
    Instant end = now.plus(time);
    long bytes = 0;
    pace.rest(0, now);
    while (now.isBefore(end)) {
      now = now.plus(BUSY);
      busyRounds++;
      bytes += bytesEach;
      now = now.plus(pace.rest(bytesEach, now));
    }
    return bytes;
  }
}
