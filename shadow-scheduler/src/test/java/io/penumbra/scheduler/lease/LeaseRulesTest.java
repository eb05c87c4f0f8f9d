package io.penumbra.scheduler.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.lease.LeaseGrant.MayRun;
import io.penumbra.scheduler.lease.LeaseGrant.RanOut;
import io.penumbra.scheduler.lease.LeaseGrant.Renews;
import io.penumbra.scheduler.lease.LeaseGrant.Stopped;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What each party may conclude, one step at a time. */
class LeaseRulesTest {

  private static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofSeconds(3), 0.001, Duration.ofMillis(200));
  private static final VmId VM = VmId.of("vm-1");
  private static final HostId PRIMARY = HostId.of("host-p");
  private static final HostId KEEPER = HostId.of("host-k");
  private static final HostId OTHER = HostId.of("host-o");

  /** Close to where a clock of 64 bits turns over: only differences may count. */
  private static final long START = Long.MAX_VALUE - 1_000_000_000L;

  private static long at(double seconds) {
    return START + (long) (seconds * 1e9);
  }

  @Test
  void aPrimaryWithoutAShadowServesForEver() {
    LeaseClock clock = LeaseClock.unleased(TERMS);

    assertThat(clock.mayServe(at(1e6))).isTrue();
    assertThat(clock.left(at(1e6))).isEmpty();
  }

  @Test
  void eitherOfBothKeepsAPrimaryServing() {
    LeaseClock leased = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    assertThat(leased.heardController(at(2), at(2.5)).mayServe(at(4.9))).isTrue();
    assertThat(leased.heardKeeper(KEEPER, at(2), at(2.5)).mayServe(at(4.9))).isTrue();
    assertThat(leased.mayServe(at(2.9))).isTrue();
    assertThat(leased.mayServe(at(3))).isFalse();
  }

  @Test
  void aRenewalCountsFromWhenItWasAskedForHoweverLateItCame() {
    LeaseClock clock = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    LeaseClock renewed = clock.heardKeeper(KEEPER, at(1), at(2.9));

    assertThat(renewed.left(at(3))).contains(Duration.ofSeconds(1));
    assertThat(renewed.mayServe(at(4.1))).isFalse();
  }

  @Test
  void anAnswerThatComesAfterItsLeaseIsWorthNothing() {
    LeaseClock clock = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    assertThat(clock.heardController(at(1), at(4.5)).mayServe(at(4.5))).isFalse();
  }

  @Test
  void anotherShadowsAckIsNoRenewal() {
    LeaseClock clock = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    assertThat(clock.heardKeeper(OTHER, at(2), at(2)).mayServe(at(3.5))).isFalse();
  }

  @Test
  void aLeaseThatRanOutIsTakenUpByTheControllerAlone() {
    LeaseClock over = LeaseClock.unleased(TERMS).leased(KEEPER, at(0)).at(at(3));

    assertThat(over.heardKeeper(KEEPER, at(3.5), at(3.6)).mayServe(at(3.6))).isFalse();
    assertThat(over.heardController(at(3.5), at(3.6)).mayServe(at(3.6))).isTrue();
  }

  @Test
  void aLateAckDoesNotReviveALeaseThatNobodyLookedAtMeanwhile() {
    LeaseClock clock = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    assertThat(clock.heardKeeper(KEEPER, at(2), at(3.5)).mayServe(at(3.6))).isFalse();
  }

  @Test
  void theRoleChangesOnlyWhileTheControllerRenews() {
    LeaseClock clock = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    assertThat(clock.handOver(OTHER, at(1), at(1.2)).keeper()).contains(OTHER);
    assertThat(clock.handOver(OTHER, at(1), at(4.2)).keeper()).contains(KEEPER);
  }

  @Test
  void anAgentThatForgotItsLeaseWaitsForTheController() {
    LeaseClock clock = LeaseClock.lost(TERMS, KEEPER, at(0));

    assertThat(clock.mayServe(at(0))).isFalse();
    assertThat(clock.heardKeeper(KEEPER, at(0.1), at(0.2)).mayServe(at(0.2))).isFalse();
    assertThat(clock.heardController(at(0.1), at(0.2)).mayServe(at(0.2))).isTrue();
  }

  @Test
  void aLeaseBeginsOnce() {
    LeaseClock leased = LeaseClock.unleased(TERMS).leased(KEEPER, at(0));

    assertThatThrownBy(() -> leased.leased(OTHER, at(1)))
        .hasMessageContaining("host-k keeps this lease already");
    assertThat(leased.released().mayServe(at(100))).isTrue();
  }

  @Test
  void aKeeperThatWasToldToStopSendsNoAckAndKnowsTheEnd() {
    LeaseGrant grant = LeaseGrant.begun(TERMS, PRIMARY, at(0));
    LeaseGrant renewed = ((Renews) grant.renew(at(1))).grant();
    LeaseGrant stopped = renewed.stop(Duration.ofSeconds(10), at(2));

    assertThat(stopped.renew(at(2.1))).isEqualTo(new Stopped());
    assertThat(stopped.end(at(4.2))).isInstanceOf(MayRun.class);
    assertThat(stopped.end(at(4.3))).isInstanceOf(RanOut.class);
    assertThat(renewed.end(at(1e6))).as("it renews").isInstanceOf(MayRun.class);
  }

  @Test
  void theControllersOwnLastRenewalCountsToo() {
    LeaseGrant grant = LeaseGrant.begun(TERMS, PRIMARY, at(0));

    LeaseGrant stopped = grant.stop(Duration.ZERO, at(10));

    assertThat(stopped.end(at(13.1))).isInstanceOf(MayRun.class);
    assertThat(stopped.end(at(13.3))).isInstanceOf(RanOut.class);
  }

  @Test
  void askingAgainNeverMakesTheEndComeEarlier() {
    LeaseGrant stopped = LeaseGrant.begun(TERMS, PRIMARY, at(0)).stop(Duration.ZERO, at(10));

    LeaseGrant again = stopped.stop(Duration.ofHours(1), at(11));

    assertThat(again.end(at(13.1))).isInstanceOf(MayRun.class);
  }

  @Test
  void whatIsTakenUpRunsAgain() {
    LeaseGrant stopped = LeaseGrant.begun(TERMS, PRIMARY, at(0)).stop(Duration.ZERO, at(10));

    assertThat(stopped.takenUp(at(20)).end(at(60))).isInstanceOf(MayRun.class);
    assertThat(stopped.takenUp(at(20)).renew(at(21))).isInstanceOf(Renews.class);
  }

  @Test
  void aBookThatBeganMayHaveRenewedJustBefore() {
    LeaseBook book = new LeaseBook(List.of(), at(0));

    assertThat(book.stop(VM, PRIMARY, at(1))).isEqualTo(Duration.ofSeconds(1));
    assertThat(book.renew(VM, PRIMARY, at(2))).isFalse();
    assertThat(book.isStopped(VM, PRIMARY)).isTrue();
  }

  @Test
  void onlyTheInstanceThatIsToServeIsTakenUp() {
    LeaseBook book = new LeaseBook(List.of(), at(0));
    book.stop(VM, PRIMARY, at(1));

    book.takeUp(VM, OTHER);
    assertThat(book.renew(VM, PRIMARY, at(2))).isFalse();
    assertThat(book.renew(VM, OTHER, at(2))).isTrue();

    book.takeUp(VM, PRIMARY);
    assertThat(book.renew(VM, PRIMARY, at(3))).isTrue();
    assertThat(book.stop(VM, PRIMARY, at(4))).isEqualTo(Duration.ofSeconds(1));
    book.forget(VM);
    assertThat(book.isStopped(VM, PRIMARY)).isFalse();
  }

  @Test
  void untilThePrimarySaysSoBothMayKeepALease() {
    LeaseBook book = new LeaseBook(List.of(), at(0));
    book.keptBy(VM, PRIMARY, KEEPER);
    assertThat(book.canEnd(VM, PRIMARY, KEEPER)).isTrue();

    LeaseBook.Keepers written = book.consent(VM, PRIMARY, KEEPER, OTHER).orElseThrow();
    book.keptBy(VM, PRIMARY, KEEPER);
    assertThat(book.canEnd(VM, PRIMARY, KEEPER)).isFalse();
    assertThat(book.canEnd(VM, PRIMARY, OTHER)).isFalse();

    LeaseBook afterRestart = new LeaseBook(List.of(written), at(5));
    assertThat(afterRestart.canEnd(VM, PRIMARY, OTHER)).isFalse();
    afterRestart.keptBy(VM, PRIMARY, OTHER);
    assertThat(afterRestart.canEnd(VM, PRIMARY, OTHER)).isTrue();
    assertThat(afterRestart.canEnd(VM, PRIMARY, KEEPER)).isFalse();
  }

  @Test
  void noConsentWhileSomebodyWaitsForTheEnd() {
    LeaseBook book = new LeaseBook(List.of(), at(0));
    book.stop(VM, PRIMARY, at(1));

    assertThat(book.consent(VM, PRIMARY, KEEPER, OTHER)).isEmpty();
  }

  @Test
  void termsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> new LeaseTerms(Duration.ZERO, 0.001, Duration.ZERO))
        .hasMessageContaining("a lease lasts PT0S");
    assertThatThrownBy(() -> new LeaseTerms(Duration.ofSeconds(1), 0.5, Duration.ZERO))
        .hasMessageContaining("driftMax is 0.5");
    assertThatThrownBy(() -> new LeaseTerms(Duration.ofSeconds(1), 0.1, Duration.ofMillis(-1)))
        .hasMessageContaining("margin");
  }

  @Test
  void theDefaultsAreThreeSecondsAndWaitALittleLonger() {
    assertThat(LeaseTerms.defaults().certainAfter())
        .isBetween(Duration.ofMillis(3_206), Duration.ofMillis(3_207));
  }
}
