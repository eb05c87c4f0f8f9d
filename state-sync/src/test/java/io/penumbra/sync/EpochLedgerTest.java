package io.penumbra.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.sync.AckResult.Accepted;
import io.penumbra.sync.AckResult.Backwards;
import io.penumbra.sync.AckResult.Gap;
import io.penumbra.sync.AckResult.NotFollowed;
import io.penumbra.sync.AckResult.Repeated;
import io.penumbra.sync.AckResult.Unverified;
import io.penumbra.sync.Readiness.Filling;
import io.penumbra.sync.Readiness.Ready;
import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EpochLedgerTest {

  private static final Instant START = Instant.parse("2026-11-21T03:00:00Z");
  private static final Replica SHADOW = new Replica(VmId.of("vm-1"), HostId.of("hv-2"));

  private final EpochLedger ledger = new EpochLedger();

  @Test
  void aShadowIsReadyFromItsFirstVerifiedEpochOn() {
    ledger.follow(SHADOW);
    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Filling());

    assertThat(ledger.acknowledge(ack(17, true))).isEqualTo(new Accepted(ack(17, true)));
    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Ready(17, START.plusSeconds(17)));
  }

  @Test
  void goesForwardOneEpochAtATime() {
    ledger.follow(SHADOW);
    ledger.acknowledge(ack(3, true));

    assertThat(ledger.acknowledge(ack(5, true))).isEqualTo(new Gap(4, 5));
    assertThat(ledger.acknowledge(ack(4, true))).isInstanceOf(Accepted.class);
    assertThat(ledger.acknowledge(ack(5, true))).isInstanceOf(Accepted.class);
  }

  @Test
  void neverGoesBack() {
    ledger.follow(SHADOW);
    ledger.acknowledge(ack(3, true));
    ledger.acknowledge(ack(4, true));

    assertThat(ledger.acknowledge(ack(3, true))).isEqualTo(new Backwards(4, 3));
    assertThat(ledger.acknowledge(ack(4, true))).isEqualTo(new Repeated(4));
    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Ready(4, START.plusSeconds(4)));
  }

  @Test
  void anUnverifiedStateDoesNotCount() {
    ledger.follow(SHADOW);

    assertThat(ledger.acknowledge(ack(0, false))).isEqualTo(new Unverified(0));
    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Filling());
    ledger.acknowledge(ack(0, true));
    assertThat(ledger.acknowledge(ack(1, false))).isEqualTo(new Unverified(1));
    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Ready(0, START));
  }

  @Test
  void takesNoAckOfAShadowThatNobodyStarted() {
    assertThat(ledger.acknowledge(ack(0, true))).isEqualTo(new NotFollowed(SHADOW));
    ledger.follow(SHADOW);
    ledger.acknowledge(ack(0, true));
    ledger.forget(SHADOW);

    assertThat(ledger.acknowledge(ack(1, true))).isEqualTo(new NotFollowed(SHADOW));
    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Readiness.NotFollowed());
  }

  @Test
  void aShadowThatLostItsStateStartsAnew() {
    ledger.follow(SHADOW);
    ledger.acknowledge(ack(9, true));
    ledger.follow(SHADOW);

    assertThat(ledger.readiness(SHADOW)).isEqualTo(new Filling());
    assertThat(ledger.acknowledge(ack(2, true))).isInstanceOf(Accepted.class);
  }

  @Test
  void keepsTheShadowsOfAVmApart() {
    Replica other = new Replica(SHADOW.vm(), HostId.of("hv-1"));
    ledger.follow(SHADOW);
    ledger.follow(other);
    ledger.follow(new Replica(VmId.of("vm-2"), HostId.of("hv-9")));
    ledger.acknowledge(ack(3, true));

    assertThat(ledger.readiness(other)).isEqualTo(new Filling());
    assertThat(ledger.replicasOf(SHADOW.vm()))
        .containsExactly(HostId.of("hv-1"), HostId.of("hv-2"));
  }

  @Test
  void ageIsWhatWouldBeLostAndIsNeverNegative() {
    Ready ready = new Ready(3, START);

    assertThat(ready.age(START.plusMillis(250))).isEqualTo(Duration.ofMillis(250));
    assertThat(ready.age(START.minusMillis(5))).isEqualTo(Duration.ZERO);
    assertThat(ready.meets(Duration.ofMillis(250), START.plusMillis(250))).isTrue();
    assertThat(ready.meets(Duration.ofMillis(249), START.plusMillis(250))).isFalse();
  }

  @Test
  void whateverArrivesInWhateverOrderTheLedgerStandsOnAVerifiedEpochWithoutGaps() {
    for (long seed = 0; seed < 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      EpochLedger fresh = new EpochLedger();
      fresh.follow(SHADOW);
      long expected = -1;
      for (int i = 0; i < 200; i++) {
        EpochAck ack = ack(Math.max(0, expected + random.nextInt(-2, 4)), random.nextInt(4) > 0);
        boolean counts = ack.verified() && (expected < 0 || ack.epoch() == expected + 1);
        assertThat(fresh.acknowledge(ack) instanceof Accepted)
            .as("seed %d, %s", seed, ack)
            .isEqualTo(counts);
        if (counts) {
          expected = ack.epoch();
          assertThat(fresh.readiness(SHADOW))
              .as("seed %d", seed)
              .isEqualTo(new Ready(expected, ack.cutAt()));
        }
      }
    }
  }

  @Test
  void refusesANegativeEpoch() {
    assertThatThrownBy(() -> ack(-1, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("epoch is -1");
  }

  private static EpochAck ack(long epoch, boolean verified) {
    return new EpochAck(SHADOW, epoch, START.plusSeconds(epoch), 4096, verified);
  }
}
