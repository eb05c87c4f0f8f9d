package io.penumbra.adapter.fencing.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.fencing.agent.HostAgents;
import io.penumbra.adapter.fencing.agent.LeaseAnswer;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.scheduler.lease.LeaseBook;
import io.penumbra.scheduler.lease.LeaseClock;
import io.penumbra.scheduler.lease.LeaseGrant;
import io.penumbra.scheduler.lease.LeaseTerms;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The controller, the keeper and the primary in one thread and in their own three times. */
class LeaseExpiryTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId PRIMARY = HostId.of("host-p");
  private static final HostId KEEPER = HostId.of("host-k");
  private static final HostId OTHER = HostId.of("host-o");
  private static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofSeconds(3), 0.01, Duration.ofMillis(100));
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Three machines whose clocks run at their own rates; true time is in seconds. */
  private static final class Trio implements HostAgents {
    private double now = 100;
    private final double primaryRate;
    private final double keeperRate;
    private final double controllerRate;
    private final LeaseBook book;
    private LeaseClock clock;
    private LeaseGrant grant;
    private boolean keeperAnswers = true;
    private boolean keeperKeeps = true;
    private boolean primaryHears = true;
    private int asked;
    private Runnable whilePaused = () -> {};

    Trio(double primaryRate, double keeperRate, double controllerRate) {
      this.primaryRate = primaryRate;
      this.keeperRate = keeperRate;
      this.controllerRate = controllerRate;
      book = new LeaseBook(List.of(), nanos(controllerRate));
      clock = LeaseClock.unleased(TERMS).leased(KEEPER, nanos(primaryRate));
      grant = LeaseGrant.begun(TERMS, PRIMARY, nanos(keeperRate));
    }

    private long nanos(double rate) {
      return (long) (now * rate * 1e9);
    }

    /** A second of ordinary life in steps of 100 ms. */
    void lives(double seconds) {
      double end = now + seconds;
      while (now < end) {
        long asking = nanos(primaryRate);
        boolean controllerRenews = book.renew(VM, PRIMARY, nanos(controllerRate));
        LeaseGrant.Renewal renewal = grant.renew(nanos(keeperRate));
        if (renewal instanceof LeaseGrant.Renews(LeaseGrant renewed)) {
          grant = renewed;
        }
        if (primaryHears && controllerRenews) {
          clock = clock.heardController(asking, nanos(primaryRate));
        }
        if (primaryHears && renewal instanceof LeaseGrant.Renews) {
          clock = clock.heardKeeper(KEEPER, asking, nanos(primaryRate));
        }
        now = Math.min(end, now + 0.1);
      }
    }

    boolean serves() {
      return clock.mayServe(nanos(primaryRate));
    }

    LeaseExpiry expiry() {
      return new LeaseExpiry(
          book,
          this,
          () -> nanos(controllerRate),
          wait -> {
            whilePaused.run();
            lives(wait.toNanos() / 1e9 / controllerRate);
          },
          PATIENCE);
    }

    FencingResult fence(HostId shadow) throws InterruptedException {
      return expiry().expire(VM, PRIMARY, shadow);
    }

    @Override
    public LeaseAnswer endLease(HostId keeper, VmId vm, HostId primary, Duration silent) {
      asked++;
      if (!keeperAnswers) {
        return new LeaseAnswer.Silent("connect timed out");
      }
      if (!keeperKeeps || !keeper.equals(KEEPER)) {
        return new LeaseAnswer.NotKept("no such lease here");
      }
      grant = grant.stop(silent, nanos(keeperRate));
      return switch (grant.end(nanos(keeperRate))) {
        case LeaseGrant.RanOut(Duration ago) -> new LeaseAnswer.RanOut(ago);
        case LeaseGrant.MayRun(Duration left) -> new LeaseAnswer.MayRun(left);
      };
    }

    @Override
    public FencingResult stopVm(HostId host, VmId vm) {
      return new FencingResult.Unknown("not asked here");
    }

    @Override
    public FencingResult stopAll(HostId host) {
      return new FencingResult.Unknown("not asked here");
    }
  }

  private static Trio trio() {
    return new Trio(1, 1, 1);
  }

  @Test
  void aLivingPrimaryServesUntilItsLeaseRunsOutAndIsFencedOnlyThen() throws Exception {
    Trio trio = trio();
    trio.lives(5);
    double begun = trio.now;

    FencingResult result = trio.fence(KEEPER);

    assertThat(result)
        .isInstanceOfSatisfying(
            FencingResult.Fenced.class,
            fenced -> assertThat(fenced.proof()).contains("by the clock of host-k"));
    assertThat(trio.serves()).isFalse();
    assertThat(trio.now - begun).isBetween(3.0, 3.4);
  }

  @Test
  void aPrimaryThatHasLongBeenSilentIsFencedAtOnce() throws Exception {
    Trio trio = trio();
    trio.lives(5);
    trio.now += 4;

    assertThat(trio.fence(KEEPER)).isInstanceOf(FencingResult.Fenced.class);
    assertThat(trio.asked).isEqualTo(1);
  }

  @Test
  void aKeeperThatCannotBeReachedLeavesItUnknown() throws Exception {
    Trio trio = trio();
    trio.lives(5);
    trio.keeperAnswers = false;

    assertThat(trio.fence(KEEPER)).isInstanceOf(FencingResult.Unknown.class);
    assertThat(trio.book.isStopped(VM, PRIMARY)).as("and it is renewed no more").isTrue();
  }

  @Test
  void theWordOfAnAgentThatDoesNotKeepTheLeaseIsWorthNothing() throws Exception {
    Trio trio = trio();
    trio.keeperKeeps = false;
    assertThat(trio.fence(KEEPER)).isInstanceOf(FencingResult.Unknown.class);

    Trio another = trio();
    another.book.keptBy(VM, PRIMARY, KEEPER);
    assertThat(another.fence(OTHER)).isInstanceOf(FencingResult.Unknown.class);
    assertThat(another.asked).as("who need not be asked").isZero();
  }

  @Test
  void aKeeperThatFallsSilentWhileWeWaitLeavesItUnknown() throws Exception {
    Trio trio = trio();
    trio.lives(5);
    trio.whilePaused = () -> trio.keeperAnswers = false;

    assertThat(trio.fence(KEEPER)).isInstanceOf(FencingResult.Unknown.class);
  }

  @Test
  void aLeaseThatIsTakenUpWhileWeWaitIsNotFenced() throws Exception {
    Trio trio = trio();
    trio.lives(5);
    trio.whilePaused =
        () -> {
          trio.book.takeUp(VM, PRIMARY);
          trio.grant = trio.grant.takenUp(trio.nanos(1));
          trio.whilePaused = () -> {};
        };

    FencingResult result = trio.fence(KEEPER);

    // Asked again it stops again, and what it says then is true again.
    assertThat(result instanceof FencingResult.Fenced).isEqualTo(!trio.serves());
  }

  @Test
  void aKeeperWhoseAgentRestartsCountsFromItsStart() throws Exception {
    Trio trio = trio();
    trio.lives(5);
    trio.whilePaused =
        () -> {
          trio.lives(2);
          trio.grant = LeaseGrant.begun(TERMS, PRIMARY, trio.nanos(1));
          trio.whilePaused = () -> {};
        };

    assertThat(trio.fence(KEEPER)).isInstanceOf(FencingResult.Fenced.class);
    assertThat(trio.serves()).isFalse();
  }

  @Test
  void aControllerThatDiesFencesNobody() {
    Trio trio = trio();
    trio.lives(5);
    trio.book.stop(VM, PRIMARY, trio.nanos(1));

    trio.lives(60);

    assertThat(trio.serves()).as("its keeper renews").isTrue();
  }

  @Test
  void whateverTheClocksDoWhoIsFencedDoesNotServe() throws Exception {
    for (long seed = 1; seed <= 2_000; seed++) {
      SplittableRandom chance = new SplittableRandom(seed);
      Trio trio = new Trio(rate(chance), rate(chance), rate(chance));
      trio.lives(chance.nextDouble(10));
      trio.primaryHears = chance.nextInt(3) > 0;
      trio.lives(chance.nextDouble(4));

      FencingResult result = trio.fence(KEEPER);

      assertThat(result).as("seed %d", seed).isInstanceOf(FencingResult.Fenced.class);
      for (int step = 0; step < 50; step++) {
        assertThat(trio.serves()).as("fenced and serves, seed %d", seed).isFalse();
        trio.lives(0.2);
      }
    }
  }

  private static double rate(SplittableRandom chance) {
    return 1 + (chance.nextBoolean() ? 1 : -1) * TERMS.driftMax();
  }
}
