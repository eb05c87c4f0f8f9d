package io.penumbra.simulator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class ShadowSyncTest {

  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration EPOCH = Duration.ofMillis(250);
  private static final long MEMORY_MIB = 16_384;

  private final VmSync calm = new VmSync(SyncModel.DEFAULT, MEMORY_MIB, 10, 2_000);
  private final VmSync wild = new VmSync(SyncModel.DEFAULT, MEMORY_MIB, 5_000, 8_000);

  @Test
  void fewPagesAreDirtiedTwiceAtFirstAndNoneBeyondTheWorkingSet() {
    assertThat(calm.dirtiedMib(Duration.ofSeconds(1))).isCloseTo(10, within(0.1));
    assertThat(calm.dirtiedMib(Duration.ofDays(1))).isCloseTo(2_000, within(0.1));
  }

  @Test
  void firstCopyTakesImageOverBandwidthAndALittleMore() {
    double image = MEMORY_MIB * 0.6 / 2 / 300;
    double taken = calm.firstSync(ShadowMode.WARM, EPOCH).toMillis() / 1000.0;
    assertThat(taken).isBetween(image, image * 1.1);
  }

  @Test
  void anEpochThatCannotBeShippedInTimeGrowsUntilItCan() {
    assertThat(calm.steadyEpoch(ShadowMode.WARM, EPOCH)).isEqualTo(EPOCH);
    Duration grown = wild.steadyEpoch(ShadowMode.WARM, EPOCH);
    assertThat(grown).isGreaterThan(EPOCH);
    assertThat(wild.shipping(ShadowMode.WARM, grown)).isLessThanOrEqualTo(grown);
    assertThat(wild.firstSync(ShadowMode.WARM, EPOCH)).isLessThan(Duration.ofHours(1));
  }

  @Test
  void nothingIsAckedBeforeTheFirstCopyIs() {
    ShadowSync sync = ShadowSync.start(calm, ShadowMode.WARM, T0, EPOCH);
    assertThat(sync.ackedEpoch(sync.usableFrom().minusNanos(1))).isEmpty();
    assertThat(sync.age(sync.usableFrom().minusNanos(1))).isEmpty();
    assertThat(sync.ackedEpoch(sync.usableFrom())).contains(0L);
    assertThat(sync.lostMib(T0)).isEqualTo(MEMORY_MIB);
  }

  @Test
  void ageStaysBetweenShippingAndShippingPlusAnEpoch() {
    ShadowSync sync = ShadowSync.start(calm, ShadowMode.WARM, T0, EPOCH);
    for (int i = 0; i < 2_000; i++) {
      Instant at = sync.usableFrom().plusMillis(i * 7L);
      assertThat(sync.age(at).orElseThrow())
          .isBetween(sync.shipping(), sync.shipping().plus(EPOCH));
      assertThat(sync.lostMib(at)).isLessThan(10 * 0.3);
    }
  }

  @Test
  void ackedEpochNeverGoesBackwardsWhateverHappens() {
    long seed = 77;
    RandomGenerator random = new Seeds(seed).stream("story");
    ShadowSync sync = ShadowSync.start(wild, ShadowMode.WARM, T0, EPOCH);
    Instant now = sync.usableFrom();
    long acked = 0;
    for (int i = 0; i < 5_000; i++) {
      now = now.plusMillis(random.nextLong(3_000));
      sync =
          switch (random.nextInt(5)) {
            case 0 -> sync.withEpoch(now, Duration.ofMillis(50 + random.nextLong(2_000)));
            case 1 -> sync.stop(now);
            case 2 -> sync.resume(now);
            case 3 -> sync.syncedFully(now).resume(now);
            default -> sync;
          };
      long next = sync.ackedEpoch(now).orElseThrow();
      assertThat(next).as("seed %d, step %d", seed, i).isGreaterThanOrEqualTo(acked);
      sync.age(now).ifPresent(age -> assertThat(age.isNegative()).isFalse());
      acked = next;
    }
    assertThat(acked).isGreaterThan(500);
  }

  @Test
  void afterADeathTheAckedEpochStandsAndTheLossIsWhatWasDirtiedSinceItsCut() {
    ShadowSync sync = ShadowSync.start(calm, ShadowMode.WARM, T0, EPOCH);
    Instant death = sync.usableFrom().plusSeconds(60);
    ShadowSync dead = sync.stop(death);
    Instant later = death.plusSeconds(30);
    assertThat(dead.ackedEpoch(later)).isEqualTo(sync.ackedEpoch(death));
    assertThat(dead.lostMib(later)).isEqualTo(sync.lostMib(death));
    assertThat(dead.age(later).orElseThrow())
        .isEqualTo(sync.age(death).orElseThrow().plusSeconds(30));
  }

  @Test
  void aChangeOfPaceDoesNotWakeAStoppedReplication() {
    ShadowSync sync = ShadowSync.start(calm, ShadowMode.WARM, T0, EPOCH);
    Instant death = sync.usableFrom().plusSeconds(60);
    ShadowSync dead = sync.stop(death).withEpoch(death.plusSeconds(1), Duration.ofMillis(50));
    assertThat(dead.ackedEpoch(death.plusSeconds(60))).isEqualTo(sync.ackedEpoch(death));
  }

  @Test
  void aSyncWithThePrimaryPausedLosesNothing() {
    ShadowSync sync = ShadowSync.start(calm, ShadowMode.WARM, T0, EPOCH);
    Instant at = sync.usableFrom().plusSeconds(60);
    assertThat(sync.syncedFully(at).lostMib(at)).isZero();
    assertThat(sync.syncedFully(at).ackedEpoch(at).orElseThrow())
        .isEqualTo(sync.ackedEpoch(at).orElseThrow() + 1);
  }

  @Test
  void coldTakesLongerToWakeThanWarm() {
    SyncModel model = SyncModel.DEFAULT;
    assertThat(model.activation(ShadowMode.COLD, MEMORY_MIB))
        .isGreaterThan(model.activation(ShadowMode.WARM, MEMORY_MIB).multipliedBy(10));
    assertThat(model.epochFor(ShadowMode.WARM, Duration.ofMillis(500))).isEqualTo(EPOCH);
    assertThat(model.epochFor(ShadowMode.COLD, Duration.ofMillis(500)))
        .isEqualTo(model.coldEpochMin());
  }

  @Test
  void dirtyRatesFollowTheirLawAndBelongToTheVm() {
    SyncModel model = SyncModel.DEFAULT;
    Seeds seeds = new Seeds(5);
    Resources size = new Resources(2, 4_096, 10);
    LogNormal law = model.dirtyMibPerSecondPerVcpu();
    double logs = 0;
    for (int vm = 0; vm < 5_000; vm++) {
      logs += Math.log(model.forVm(seeds, vm, size).dirtyMibPerSecond());
    }
    assertThat(Math.exp(logs / 5_000)).isCloseTo(2 * law.median(), within(0.15));
    assertThat(model.forVm(seeds, 3, size)).isEqualTo(model.forVm(seeds, 3, size));
  }
}
