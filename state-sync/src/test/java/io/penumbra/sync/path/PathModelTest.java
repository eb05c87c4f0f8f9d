package io.penumbra.sync.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PathModelTest {

  private static final long MILLISECOND = 1_000_000;
  private static final int SHARD = 100_000;

  private final PathModel model = new PathModel(0);
  private long now;
  private long sequence;

  @Test
  void learnsBandwidthAndDelayFromAcks() {
    model.opened(0);
    train(200, 20e6, 4 * MILLISECOND);

    PathForecast forecast = model.forecast(now);

    assertThat(forecast.bytesPerSecond()).isCloseTo(20e6, within(1e6));
    assertThat(forecast.bandwidthDeviation()).isLessThan(0.3);
    // Half of what is not spent queueing: 4 ms there, 4 ms back, 5 ms for the shard itself.
    assertThat(forecast.delayNanos()).isBetween(3e6, 7e6);
  }

  @Test
  void aSenderThatPausesDoesNotMakeAPathSlow() {
    model.opened(0);
    train(100, 20e6, MILLISECOND);
    for (int i = 0; i < 100; i++) {
      now += 50 * MILLISECOND;
      model.sent(sequence, SHARD, true, now);
      now += 7 * MILLISECOND;
      model.acked(sequence++, true, 0, now);
    }

    assertThat(model.forecast(now).bytesPerSecond()).isCloseTo(20e6, within(1e6));
  }

  @Test
  void aStepInBandwidthIsFollowedWithinAFewSamples() {
    model.opened(0);
    train(200, 20e6, MILLISECOND);
    train(12, 4e6, MILLISECOND);

    assertThat(model.forecast(now).bytesPerSecond()).isBetween(3e6, 6e6);
  }

  @Test
  void silenceIsNoticedInWellUnderASecond() {
    model.opened(0);
    train(50, 20e6, 4 * MILLISECOND);
    model.sent(sequence, SHARD, true, now);

    assertThat(model.suspect(now + 40 * MILLISECOND)).isFalse();
    assertThat(model.suspect(now + 200 * MILLISECOND)).isTrue();
  }

  @Test
  void countsOutagesAndSpoiltShards() {
    model.opened(0);
    train(100, 20e6, MILLISECOND);
    PathForecast before = model.forecast(now);
    for (int i = 0; i < 5; i++) {
      now += 10_000 * MILLISECOND;
      model.closed(now);
      model.opened(now);
    }
    for (int i = 0; i < 20; i++) {
      model.sent(sequence, SHARD, true, now);
      now += MILLISECOND;
      model.acked(sequence++, i % 2 == 0, 0, now);
    }
    PathForecast after = model.forecast(now);

    assertThat(after.outagesPerSecond()).isGreaterThan(10 * before.outagesPerSecond());
    assertThat(after.lossShare()).isBetween(0.03, 0.15);
    assertThat(after.survival(60e9)).isLessThan(before.survival(60e9));
  }

  /** Shards sent back to back over a line of that rate. */
  private void train(int shards, double rate, long delay) {
    long serve = (long) (SHARD / rate * 1e9);
    model.sent(sequence, SHARD, true, now);
    for (int i = 0; i < shards; i++) {
      // The next one is on its way before the ack of this one comes.
      model.sent(sequence + 1, SHARD, false, now + 1);
      now += serve + (i == 0 ? 2 * delay : 0);
      model.acked(sequence++, true, 0, now);
    }
    now += serve;
    model.acked(sequence++, true, 0, now);
  }
}
