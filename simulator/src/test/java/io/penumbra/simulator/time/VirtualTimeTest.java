package io.penumbra.simulator.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class VirtualTimeTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void runsInOrderOfTimeAndThenOfScheduling() {
    VirtualTime time = new VirtualTime(START);
    SplittableRandom random = new SplittableRandom(20_261_121);
    List<long[]> expected = new ArrayList<>();
    List<long[]> ran = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      long[] action = {random.nextInt(500), i};
      expected.add(action);
      time.at(action[0], () -> ran.add(action));
    }
    expected.sort(
        Comparator.<long[]>comparingLong(action -> action[0]).thenComparingLong(a -> a[1]));

    while (time.runNext(1_000)) {
      // Everything is done by the actions.
    }

    assertThat(ran).containsExactlyElementsOf(expected);
    assertThat(time.actionsDone()).isEqualTo(5_000);
  }

  @Test
  void standsStillWhileSomethingHappens() {
    VirtualTime time = new VirtualTime(START);
    List<Instant> seen = new ArrayList<>();
    time.after(
        Duration.ofSeconds(3),
        () -> {
          seen.add(time.instant());
          time.after(Duration.ZERO, () -> seen.add(time.instant()));
        });

    time.runNext(Long.MAX_VALUE);
    time.runNext(Long.MAX_VALUE);

    assertThat(seen).containsOnly(START.plusSeconds(3)).hasSize(2);
  }

  @Test
  void goesToTheEndWhenNothingHappensBefore() {
    VirtualTime time = new VirtualTime(START);
    time.at(10, () -> {});

    assertThat(time.runNext(5)).isFalse();
    assertThat(time.nanos()).isEqualTo(5);
    assertThat(time.runNext(10)).isTrue();
  }
}
