package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.Heartbeat;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.adapter.qemu.api.ShadowSeat;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.Reply;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The rules that the simulator's agents keep, kept by real ones; only the guests are scripted. */
@Timeout(300)
class AgentsTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("host-1");
  private static final HostId TWO = HostId.of("host-2");
  private static final Resources SIZE = new Resources(1, 256, 1);
  private static final Outcome DONE = new Outcome.Done();
  private static final int ATTEMPTS = 8;

  @TempDir private Path directory;
  private TestController controller;
  private TestHost one;
  private TestHost two;
  private final List<Relay> wires = new ArrayList<>();
  private int commands;

  @BeforeEach
  void start() throws Exception {
    controller = TestController.start(directory.resolve("books.json"));
    one = TestHost.under(directory, ONE.value(), controller.address());
    two = TestHost.under(directory, TWO.value(), controller.address());
    controller.await(Event.HostDiscovered.class, 2);
  }

  @AfterEach
  void stop() throws Exception {
    wires.forEach(Relay::close);
    one.close();
    two.close();
    controller.close();
    // Before JUnit does, which does not wait for whoever still writes a last file.
    ShortDirectory.delete(directory);
  }

  /** Not at once: a cut may be under way, or its lease be renewed just now. */
  private void awaitService(TestHost host) throws Exception {
    controller.until("the guest serves on " + host.id(), () -> host.serves(VM));
  }

  /** Puts wires between the two agents that can be cut. */
  private void throughWires() throws Exception {
    ShadowOrder order =
        new ShadowOrder(TestHost.spec(VM.value()), ONE, 0, ShadowMode.WARM, SIZE, true);
    ShadowSeat seat =
        TestController.answer(() -> two.client().prepare(order))
                instanceof Reply.Ok<ShadowSeat>(ShadowSeat there)
            ? there
            : fail("no seat");
    Relay data = Relay.to(seat.addresses().getFirst());
    Relay agent = Relay.to(two.client().address().substring("http://".length()));
    wires.add(data);
    wires.add(agent);
    ReplicaOrder replica =
        new ReplicaOrder(
            TWO,
            "http://" + agent.address(),
            List.of(data.address()),
            seat.link(),
            Duration.ofMillis(100));
    assertThat(TestController.answer(() -> one.client().replicate(VM, replica)))
        .isInstanceOf(Reply.Ok.class);
    awaitKeeper();
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  private void vmOnOne() throws Exception {
    assertThat(
            TestController.answer(() -> controller.cloud().start(TestHost.spec(VM.value()), ONE)))
        .isInstanceOf(Reply.Ok.class);
    controller.await(Event.VmCreated.class, 1);
  }

  private Outcome shadowOnTwo() throws Exception {
    return controller.run(create(false));
  }

  private Command.CreateShadow create(boolean refill) {
    return new Command.CreateShadow(
        next(), VM, ONE, TWO, ShadowMode.WARM, SIZE, Duration.ofMillis(200), refill);
  }

  private Outcome.Synced sync(Optional<HostId> primary) throws Exception {
    if (primary.isPresent()) {
      awaitService(one);
    }
    Outcome outcome = controller.run(new Command.SyncLast(next(), VM, TWO, primary));
    assertThat(outcome).isInstanceOf(Outcome.Synced.class);
    return (Outcome.Synced) outcome;
  }

  private void awaitKeeper() throws Exception {
    controller.until(
        "the primary's lease is kept by the shadow",
        () ->
            controller
                .reported(ONE, VM)
                .filter(report -> report.keeper().equals(Optional.of(TWO)))
                .isPresent());
  }

  @Test
  void aVmIsStartedOnceAndAnnounced() throws Exception {
    vmOnOne();
    assertThat(controller.cloud().start(TestHost.spec(VM.value()), ONE))
        .isInstanceOf(Reply.Ok.class);

    assertThat(one.starts()).isEqualTo(1);
    assertThat(controller.cloud().snapshot().vms())
        .singleElement()
        .satisfies(vm -> {
          assertThat(vm.host()).isEqualTo(ONE);
          assertThat(vm.running()).isTrue();
        });
  }

  private static Thread beside(Callable<?> call) {
    return Thread.startVirtualThread(() -> {
      try {
        call.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
  }

  @Test
  void aVmThatIsWantedAgainWhileItIsRemovedIsStartedForItsAgentToSee() throws Exception {
    vmOnOne();
    CountDownLatch removal = one.slowRemoval(VM);
    Thread deleting = beside(() -> one.client().delete(VM));
    controller.until("it is being removed", () -> !one.serves(VM));
    Thread starting = beside(() -> one.client().start(TestHost.spec(VM.value())));
    controller.until("the start waits for its turn", () -> one.hasQueue(VM));
    removal.countDown();
    deleting.join();
    starting.join();

    assertThat(one.serves(VM)).isTrue();
    assertThat(controller.instance(one, VM).orElseThrow().state()).isEqualTo(State.SERVING);
  }

  @Test
  void aRecordThatCantBeReadIsPutAsideAndNothingOfItRunsOn() throws Exception {
    vmOnOne();
    VmId other = VmId.of("vm-2");
    controller.cloud().start(TestHost.spec(other.value()), ONE);
    controller.await(Event.VmCreated.class, 2);
    one.stopAgent();
    Path record = directory.resolve("host-1/vms/vm-1/instance.json");
    Files.write(record, new byte[0]);
    one.startAgent();

    controller.await(Event.GuestFailed.class, 1);
    assertThat(one.serves(VM)).isFalse();
    assertThat(record.resolveSibling("instance.unreadable")).exists();
    assertThat(controller.instance(one, other).orElseThrow().state()).isEqualTo(State.SERVING);
    assertThat(controller.cloud().start(TestHost.spec(VM.value()), ONE))
        .isInstanceOf(Reply.Ok.class);
    assertThat(one.serves(VM)).isTrue();
  }

  @Test
  void aShadowIsDoneWhenItsFirstStateIsAckedAndFollowsFromThenOn() throws Exception {
    vmOnOne();
    one.write(VM, 8, 4711);

    assertThat(shadowOnTwo()).isEqualTo(DONE);

    assertThat(controller.instance(two, VM).orElseThrow().complete()).isTrue();
    one.write(VM, 16, 4712);
    long epoch = controller.instance(one, VM).orElseThrow().epoch();
    controller.until(
        "the shadow has a later epoch",
        () -> controller.instance(two, VM).orElseThrow().epoch() > epoch + 1);
  }

  @Test
  void aGuestThatDiesIsReportedAtOnceAndItsShadowTakesOverUnderANewTerm() throws Exception {
    vmOnOne();
    shadowOnTwo();
    one.write(VM, 8, 4711);
    long before = controller.instance(one, VM).orElseThrow().epoch();
    controller.until(
        "what was written is acked",
        () -> controller.instance(two, VM).orElseThrow().epoch() > before + 1);

    long killed = System.nanoTime();
    one.crash(VM);
    controller.await(Event.GuestFailed.class, 1);
    long heard = System.nanoTime() - killed;

    assertThat(controller.fence(new Command.FenceVm(next(), VM, ONE)))
        .isInstanceOf(FencingResult.Fenced.class);
    assertThat(controller.run(new Command.AllocateShadow(next(), VM, TWO, SIZE))).isEqualTo(DONE);
    Outcome.Synced synced = sync(Optional.empty());
    assertThat(synced.verified()).isTrue();
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1)))
        .isEqualTo(DONE);
    System.out.printf(
        "event after %.1f ms, promoted after %.1f ms%n",
        heard / 1e6, (System.nanoTime() - killed) / 1e6);

    assertThat(two.serves(VM)).isTrue();
    assertThat(two.read(VM, 8)).isEqualTo(4711);
    assertThat(controller.cloud().snapshot().vms())
        .singleElement()
        .satisfies(vm -> assertThat(vm.host()).isEqualTo(TWO));
    assertThat(controller.run(new Command.RetirePrimary(next(), VM, ONE))).isEqualTo(DONE);
    assertThat(controller.instance(one, VM)).isEmpty();
  }

  @Test
  void aGuestWhoseDeathNobodySaysIsFoundDeadAndReportedOnce() throws Exception {
    vmOnOne();
    one.vanish(VM);

    controller.await(Event.GuestFailed.class, 1);
    one.crash(VM);
    Thread.sleep(1_200);
    assertThat(
            controller.cloud().events(0, 100_000).events().stream()
                .filter(Event.GuestFailed.class::isInstance))
        .hasSize(1);
    controller.until(
        "it is known to be dead",
        () -> controller.cloud().snapshot().vms().stream().noneMatch(vm -> vm.running()));
    assertThat(controller.cloud().snapshot().vms()).hasSize(1);
  }

  @Test
  void everyOrderGivenTwiceHasTheEffectOfOnce() throws Exception {
    vmOnOne();
    Command.CreateShadow create = create(false);
    assertThat(controller.run(create)).isEqualTo(DONE);
    assertThat(controller.run(create)).isEqualTo(DONE);
    assertThat(controller.run(create(false))).isEqualTo(DONE);
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    Outcome.Synced synced = sync(Optional.empty());
    Command.Activate activate =
        new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1);
    assertThat(controller.run(activate)).isEqualTo(DONE);
    assertThat(controller.run(activate)).isEqualTo(DONE);
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1)))
        .isEqualTo(DONE);

    assertThat(two.promotions()).isEqualTo(1);
    assertThat(one.starts()).isEqualTo(1);
  }

  @Test
  void anotherEpochOrAnOlderTermIsRefused() throws Exception {
    vmOnOne();
    shadowOnTwo();
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    Outcome.Synced synced = sync(Optional.empty());

    assertThat(code(new Command.Activate(next(), VM, TWO, synced.epoch() + 1, 1)))
        .isEqualTo("other-epoch");
    assertThat(code(new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term())))
        .isEqualTo("older-term");
    assertThat(two.serves(VM)).isFalse();
  }

  private String code(Command.CloudCommand command) throws Exception {
    Outcome outcome = controller.run(command);
    return outcome instanceof Outcome.Failed(String code, String message)
        ? code
        : outcome.toString();
  }

  @Test
  void whatIsThereDecidesWhatIsRefused() throws Exception {
    vmOnOne();
    assertThat(code(create(true))).isEqualTo("no-shadow");
    assertThat(code(new Command.SyncLast(next(), VM, TWO, Optional.empty())))
        .isEqualTo("no-shadow");
    assertThat(code(new Command.AllocateShadow(next(), VM, TWO, SIZE))).isEqualTo("no-shadow");
    assertThat(code(new Command.ResumePrimary(next(), VmId.of("vm-2"), TWO, 0)))
        .isEqualTo("no-instance");
    assertThat(code(new Command.DeleteShadow(next(), VM, ONE))).isEqualTo("in-service");
    assertThat(code(new Command.RetirePrimary(next(), VM, ONE))).isEqualTo("in-service");
    assertThat(controller.run(new Command.DeleteShadow(next(), VM, TWO))).isEqualTo(DONE);
    assertThat(
            code(
                new Command.CreateShadow(
                    next(), VM, TWO, ONE, ShadowMode.WARM, SIZE, Duration.ofSeconds(1), false)))
        .isEqualTo("primary-moved");
  }

  @Test
  void aPlannedMoveLosesNothingAndCanBeCalledOff() throws Exception {
    vmOnOne();
    shadowOnTwo();
    one.write(VM, 8, 4713);

    Outcome.Synced synced = sync(Optional.of(ONE));
    assertThat(synced.age()).isZero();
    assertThat(one.serves(VM)).isFalse();

    assertThat(controller.run(new Command.ResumePrimary(next(), VM, ONE, synced.term())))
        .isEqualTo(DONE);
    awaitService(one);

    one.write(VM, 16, 4714);
    Outcome.Synced again = sync(Optional.of(ONE));
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    assertThat(
            controller.run(new Command.Activate(next(), VM, TWO, again.epoch(), again.term() + 1)))
        .isEqualTo(DONE);
    assertThat(two.read(VM, 8)).isEqualTo(4713);
    assertThat(two.read(VM, 16)).isEqualTo(4714);
  }

  @Test
  void anAgentThatComesBackGoesOnWithItsGuestsAndItsShadows() throws Exception {
    vmOnOne();
    shadowOnTwo();
    awaitKeeper();
    one.stopAgent();
    two.stopAgent();
    two.startAgent();
    one.startAgent();

    assertThat(one.starts()).isEqualTo(1);
    // A guest without a process has no deadline that the agent could find; the controller renews.
    controller.until("the guest serves", () -> one.serves(VM));
    long epoch = controller.instance(one, VM).orElseThrow().epoch();
    one.write(VM, 24, 4715);
    controller.until(
        "the shadow follows again",
        () -> controller.instance(two, VM).orElseThrow().epoch() > epoch + 1);
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    Outcome.Synced synced = sync(Optional.empty());
    controller.run(new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1));
    assertThat(two.read(VM, 24)).isEqualTo(4715);
  }

  @Test
  void anOutcomeIsRememberedByAnAgentThatWasRestarted() throws Exception {
    vmOnOne();
    shadowOnTwo();
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    Outcome.Synced synced = sync(Optional.empty());
    Command.Activate activate =
        new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1);
    assertThat(controller.run(activate)).isEqualTo(DONE);
    two.stopAgent();
    two.startAgent();
    controller.restart();

    assertThat(controller.run(activate)).isEqualTo(DONE);
    assertThat(two.promotions()).isEqualTo(1);
    assertThat(two.serves(VM)).isTrue();
  }

  @Test
  void aGuestThatDiesWhileItIsStartedIsReportedAndCanBeStartedAgain() throws Exception {
    one.nextGuestDiesAtOnce();
    vmOnOne();

    controller.await(Event.GuestFailed.class, 1);
    assertThat(one.serves(VM)).isFalse();
    assertThat(controller.instance(one, VM).orElseThrow().state()).isEqualTo(State.STOPPED);
    assertThat(code(new Command.VerifyService(next(), VM, ONE))).isEqualTo("no-answer");

    assertThat(controller.run(new Command.ResumePrimary(next(), VM, ONE, 1))).isEqualTo(DONE);
    assertThat(one.serves(VM)).isTrue();
    assertThat(one.starts()).isEqualTo(2);
    assertThat(shadowOnTwo()).isEqualTo(DONE);
  }

  @Test
  void aGuestThatDoesNotAnswerANewAgentIsEndedBeforeItIsReported() throws Exception {
    vmOnOne();
    one.stopAgent();
    one.guestsAreDeaf();
    one.startAgent();

    controller.await(Event.GuestFailed.class, 1);
    assertThat(one.serves(VM)).isFalse();
  }

  @Test
  void whatRunsOfAPromotionThatNobodyFinishedIsEndedBeforeItIsAShadowAgain() throws Exception {
    vmOnOne();
    shadowOnTwo();
    one.write(VM, 8, 4716);
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    Outcome.Synced synced = sync(Optional.empty());
    two.dieInNextPromotion();
    controller.run(new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1));
    assertThat(two.serves(VM)).isTrue();
    two.stopAgent();
    two.guestsAreDeaf();
    two.startAgent();

    assertThat(two.serves(VM)).as("unseen by its agent").isFalse();
    two.guestsAnswer();
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1)))
        .isEqualTo(DONE);
    assertThat(two.serves(VM)).isTrue();
  }

  @Test
  void aFenceEndsWhateverRunsThereAlthoughItIsTakenForStopped() throws Exception {
    vmOnOne();
    controller.fence(new Command.FenceVm(next(), VM, ONE));
    one.startUnseen(VM);
    assertThat(one.serves(VM)).isTrue();

    assertThat(controller.fence(new Command.FenceVm(next(), VM, ONE)))
        .isInstanceOf(FencingResult.Fenced.class);
    assertThat(one.serves(VM)).isFalse();
  }

  @Test
  void aPrimaryThatHearsNobodyStopsBeforeItsKeeperSaysSo() throws Exception {
    vmOnOne();
    shadowOnTwo();
    throughWires();
    controller.cutOff(ONE);
    wires.forEach(Relay::cut);

    LeaseCalls.End end = controller.awaitEnd(VM, ONE, TWO);

    assertThat(end.ended()).isTrue();
    assertThat(one.serves(VM)).isFalse();
    Outcome.Synced synced = sync(Optional.empty());
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1)))
        .isEqualTo(DONE);
    controller.healed(ONE);
    wires.forEach(Relay::heal);
    Thread.sleep(300);
    assertThat(one.serves(VM)).as("the old primary stays stopped").isFalse();
    assertThat(two.serves(VM)).isTrue();
  }

  @Test
  void aPrimaryThatOnlyTheControllerCantSeeServesOn() throws Exception {
    vmOnOne();
    shadowOnTwo();
    awaitKeeper();
    controller.cutOff(ONE);
    Thread.sleep(3 * TestHost.LEASE.lasts().toMillis());
    for (int again = 0; again < ATTEMPTS && stoodStill(one); again++) {
      controller.healed(ONE);
      awaitService(one);
      controller.cutOff(ONE);
      Thread.sleep(3 * TestHost.LEASE.lasts().toMillis());
    }

    awaitService(one);
    assertThat(controller.cloud().endOfLease(VM, ONE, HostId.of("host-3"), Duration.ZERO).certain())
        .as("who is no keeper says nothing about the end")
        .isFalse();
  }

  /**
   * Whether its lease has run out with nobody there to renew it; also where the machine stood still
   * for so long that nobody could have, so that it is tried again.
   */
  private static boolean stoodStill(TestHost host) {
    return host.instances().stream().anyMatch(report -> report.state() != State.SERVING);
  }

  private void leaveAlone() throws Exception {
    vmOnOne();
    shadowOnTwo();
    awaitKeeper();
    controller.close();
    Thread.sleep(3 * TestHost.LEASE.lasts().toMillis());
  }

  @Test
  void aControllerThatStopsFencesNobody() throws Exception {
    leaveAlone();
    for (int again = 0; again < ATTEMPTS && stoodStill(one); again++) {
      one.close();
      two.close();
      directory = Files.createDirectory(directory.resolve("again"));
      start();
      leaveAlone();
    }

    awaitService(one);
  }

  @Test
  void nobodyIsRenewedAfterARestartWhoWasStoppedBeforeIt() throws Exception {
    vmOnOne();
    shadowOnTwo();
    throughWires();
    controller.cutOff(ONE);
    wires.forEach(Relay::cut);
    assertThat(controller.awaitEnd(VM, ONE, TWO).ended()).isTrue();
    controller.restart();
    controller.healed(ONE);

    Thread.sleep(2 * TestHost.LEASE.lasts().toMillis());
    assertThat(one.serves(VM)).isFalse();

    wires.forEach(Relay::heal);
    assertThat(controller.run(new Command.ResumePrimary(next(), VM, ONE, 1))).isEqualTo(DONE);
    awaitService(one);
  }

  /** What a probe finds that was not answered too late. */
  private Outcome.Liveness liveness(Outcome.Liveness expected) throws Exception {
    Outcome.Liveness[] seen = {Outcome.Liveness.UNDECIDED};
    for (int tried = 0; tried < 50 && seen[0] != expected; tried++) {
      assertThat(controller.run(new Command.ProbeHost(next(), ONE)))
          .isInstanceOfSatisfying(Outcome.HostProbed.class, probed -> seen[0] = probed.liveness());
      if (seen[0] == Outcome.Liveness.ALIVE) {
        return seen[0];
      }
    }
    return seen[0];
  }

  @Test
  void aHostIsProbedThroughOthersEyes() throws Exception {
    assertThat(liveness(Outcome.Liveness.ALIVE)).isEqualTo(Outcome.Liveness.ALIVE);
    one.close();
    assertThat(liveness(Outcome.Liveness.UNREACHABLE)).isEqualTo(Outcome.Liveness.UNREACHABLE);
  }

  @Test
  void onRequestTheLastEpochAtWhichTheGuestWasWellTakesOver() throws Exception {
    vmOnOne();
    shadowOnTwo();
    controller.until(
        "epochs at which the guest was well",
        () -> controller.instance(two, VM).orElseThrow().epoch() > 5 && two.hasHealthyEpoch(VM));
    one.suspect(VM);
    long from = controller.instance(one, VM).orElseThrow().epoch();
    controller.until(
        "epochs at which it was suspect",
        () -> controller.instance(two, VM).orElseThrow().epoch() > from + 3);
    controller.fence(new Command.FenceVm(next(), VM, ONE));

    assertThat(TestController.answer(() -> two.client().rollBack(VM, Optional.empty())))
        .isInstanceOf(Reply.Ok.class);

    Outcome.Synced synced = sync(Optional.empty());
    assertThat(synced.epoch()).isLessThanOrEqualTo(from + 1);
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1)))
        .isEqualTo(DONE);
  }

  @Test
  void toGoBackIsRememberedWhenTheAgentIsRestartedAndThePrimaryLivesOn() throws Exception {
    vmOnOne();
    shadowOnTwo();
    awaitKeeper();
    controller.until(
        "epochs to go back to", () -> controller.instance(two, VM).orElseThrow().epoch() > 5);
    long to = controller.instance(two, VM).orElseThrow().epoch();
    controller.until(
        "later epochs", () -> controller.instance(two, VM).orElseThrow().epoch() > to + 3);

    assertThat(TestController.answer(() -> two.client().rollBack(VM, Optional.of(to))))
        .isInstanceOf(Reply.Ok.class);
    two.stopAgent();
    two.startAgent();
    // Longer than the primary waits before it asks for its lease: it is renewed all the same.
    Thread.sleep(2 * TestHost.LEASE.lasts().toMillis());
    awaitService(one);
    assertThat(controller.instance(two, VM).orElseThrow().epoch()).isEqualTo(to);

    controller.fence(new Command.FenceVm(next(), VM, ONE));
    Outcome.Synced synced = sync(Optional.empty());
    assertThat(synced.epoch()).isEqualTo(to);
    two.stopAgent();
    two.startAgent();
    assertThat(
            controller.run(
                new Command.Activate(next(), VM, TWO, synced.epoch(), synced.term() + 1)))
        .isEqualTo(DONE);
  }

  @Test
  void aPrimaryThatServesOnIsFollowedAgainAfterItWasToGoBack() throws Exception {
    vmOnOne();
    shadowOnTwo();
    controller.until(
        "epochs to go back to", () -> controller.instance(two, VM).orElseThrow().epoch() > 5);
    long to = controller.instance(two, VM).orElseThrow().epoch();
    assertThat(TestController.answer(() -> two.client().rollBack(VM, Optional.of(to))))
        .isInstanceOf(Reply.Ok.class);
    two.stopAgent();
    two.startAgent();

    assertThat(TestController.answer(() -> two.client().takeUp(VM))).isInstanceOf(Reply.Ok.class);

    controller.until(
        "it follows on", () -> controller.instance(two, VM).orElseThrow().epoch() > to + 1);
  }

  @Test
  void aGuestIsGivenMoreOfTheCpuThroughTheControlPlaneWhereItsHostCanDoThat() throws Exception {
    controller.cloud().start(TestHost.spec(VM.value()), ONE);
    controller.await(Event.VmCreated.class, 1);

    assertThat(TestController.answer(() -> controller.cloud().share(VM, 300)))
        .isInstanceOf(Reply.Ok.class);
    assertThat(one.weight(VM)).isEqualTo(300);

    one.withoutGroups(VM);
    assertThat(TestController.answer(() -> controller.cloud().share(VM, 400)))
        .isInstanceOfSatisfying(
            Reply.Refused.class, refused -> assertThat(refused.code()).isEqualTo("not-here"));
  }

  @Test
  void whatAHostLeavesUnansweredHoldsUpNoOther() throws Exception {
    vmOnOne();
    shadowOnTwo();
    HostId mute = HostId.of("host-3");
    // It takes connections and says nothing, as when its agent stands still.
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      controller
          .cloud()
          .intake()
          .take(
              new Heartbeat(
                  mute,
                  "http://127.0.0.1:" + silent.getLocalPort(),
                  1,
                  1,
                  0,
                  Optional.of(TestHost.host(mute.value())),
                  List.of(),
                  List.of()));
      VmId other = VmId.of("vm-2");
      List<Command.CloudCommand> unanswered =
          List.of(
              new Command.RetirePrimary(next(), VM, mute),
              new Command.AllocateShadow(next(), VM, mute, SIZE),
              new Command.DeleteShadow(next(), VM, mute),
              new Command.VerifyService(next(), VM, mute),
              new Command.ChangeShadowMode(next(), VM, mute, ShadowMode.COLD),
              new Command.AllocateShadow(next(), other, mute, SIZE));
      unanswered.forEach(controller.cloud()::execute);

      assertThat(controller.run(new Command.SetEpochInterval(next(), VM, Duration.ofMillis(300))))
          .isEqualTo(DONE);
      assertThat(controller.verify(VM, ONE)).isEqualTo(DONE);
      assertThat(controller.run(new Command.AllocateShadow(next(), VM, TWO, SIZE))).isEqualTo(DONE);
      assertThat(sync(Optional.of(ONE)).verified()).isTrue();
      assertThat(controller.run(new Command.ResumePrimary(next(), VM, ONE, 0))).isEqualTo(DONE);
      assertThat(code(new Command.AllocateShadow(next(), other, TWO, SIZE))).isEqualTo("no-shadow");
      List<CommandId> still = unanswered.stream().map(Command::id).toList();
      assertThat(controller.cloud().events(0, 100_000).events())
          .as("all of it before anything of the silent host is given up")
          .noneMatch(event ->
              event instanceof Event.CommandReported report && still.contains(report.command()));
    }
  }

  @Test
  void aHostIsStoppedWholeByItsAgent() throws Exception {
    controller.cloud().start(TestHost.spec(VM.value()), ONE);
    controller.await(Event.VmCreated.class, 1);

    assertThat(controller.cloud().stopAll(ONE)).isInstanceOf(FencingResult.Fenced.class);
    assertThat(one.serves(VM)).isFalse();
  }
}
