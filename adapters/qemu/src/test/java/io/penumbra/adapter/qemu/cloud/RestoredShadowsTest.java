package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.AgentClient.ShadowProgress;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
import io.penumbra.adapter.qemu.api.RestoreOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.Reply;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an agent takes out of a tier store can be promoted, but has not been filled by anybody. */
@Timeout(300)
class RestoredShadowsTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final VmId OTHER = VmId.of("vm-2");
  private static final HostId ONE = HostId.of("host-1");
  private static final HostId TWO = HostId.of("host-2");
  private static final HostId THREE = HostId.of("host-3");
  private static final Resources SIZE = new Resources(1, 256, 1);
  private static final Outcome DONE = new Outcome.Done();
  private static final Duration WITHIN = Duration.ofSeconds(60);

  @TempDir private Path directory;
  private TestController controller;
  private TestHost one;
  private TestHost two;
  private TestHost three;
  private int commands;

  @BeforeEach
  void start() throws Exception {
    controller = TestController.start(directory.resolve("books.json"));
    one = TestHost.under(directory, ONE.value(), controller.address());
    two = TestHost.under(directory, TWO.value(), controller.address());
    three = TestHost.under(directory, THREE.value(), controller.address());
    controller.await(Event.HostDiscovered.class, 3);
  }

  @AfterEach
  void stop() throws Exception {
    one.close();
    two.close();
    three.close();
    controller.close();
    // Before JUnit does, which does not wait for whoever still writes a last file.
    ShortDirectory.delete(directory);
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  private Outcome shadow(VmId vm, HostId host, boolean refill) throws Exception {
    return controller.run(
        new Command.CreateShadow(
            next(), vm, ONE, host, ShadowMode.COLD, SIZE, Duration.ofMillis(200), refill));
  }

  private Reply<ShadowProgress> restore(VmId vm) throws InterruptedException {
    return three.client().restore(vm, new RestoreOrder(ONE, 0, SIZE, Optional.empty()), WITHIN);
  }

  private void storedOnTwo(VmId vm) throws Exception {
    controller.cloud().start(TestHost.spec(vm.value()), ONE);
    controller.until(
        "the VM is known",
        () -> controller.cloud().snapshot().vms().stream().anyMatch(r -> r.vm().id().equals(vm)));
    assertThat(shadow(vm, TWO, false)).isEqualTo(DONE);
    two.store(TestHost.spec(vm.value()), three);
  }

  private InstanceReport onThree() {
    return three.instances().getFirst();
  }

  private boolean upToDate() throws InterruptedException {
    return three.client().awaitComplete(VM, 0, Duration.ZERO)
            instanceof Reply.Ok<ShadowProgress>(ShadowProgress progress)
        && progress.complete();
  }

  @Test
  void aRestoredShadowIsUpToDateOnlyWhenAPrimaryThatLivesHasFilledIt() throws Exception {
    storedOnTwo(VM);
    assertThat(restore(VM)).isInstanceOf(Reply.Ok.class);
    long stored = onThree().epoch();
    for (boolean again : new boolean[] {false, true}) {
      if (again) {
        three.stopAgent();
        three.startAgent();
      }
      assertThat(onThree().complete()).isTrue();
      assertThat(onThree().state()).isEqualTo(State.RESTORED);
      assertThat(upToDate()).isFalse();
    }

    assertThat(shadow(VM, THREE, true)).isEqualTo(DONE);

    assertThat(upToDate()).isTrue();
    assertThat(onThree().state()).isEqualTo(State.WAITING);
    assertThat(onThree().epoch()).isGreaterThan(stored);
    three.stopAgent();
    three.startAgent();
    assertThat(upToDate()).isTrue();
  }

  @Test
  void aRestoredShadowTakesOverWhereNoPrimaryIsLeft() throws Exception {
    storedOnTwo(VM);
    one.stopAgent();
    two.stopAgent();
    assertThat(restore(VM)).isInstanceOf(Reply.Ok.class);

    Outcome synced = controller.run(new Command.SyncLast(next(), VM, THREE, Optional.empty()));
    assertThat(synced).isInstanceOf(Outcome.Synced.class);
    long epoch = ((Outcome.Synced) synced).epoch();
    assertThat(controller.run(new Command.Activate(next(), VM, THREE, epoch, 1))).isEqualTo(DONE);
    assertThat(three.serves(VM)).isTrue();
  }

  @Test
  void noRestoreWaitsForTheStoreToAnswerAboutAnotherVm() throws Exception {
    storedOnTwo(VM);
    storedOnTwo(OTHER);
    CountDownLatch answer = three.slowStore(VM);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Reply<ShadowProgress>> slow = threads.submit(() -> restore(VM));
      Future<Reply<ShadowProgress>> twice = threads.submit(() -> restore(VM));
      assertThat(restore(OTHER)).isInstanceOf(Reply.Ok.class);
      assertThat(three.hasShadow(VM)).isFalse();
      answer.countDown();
      assertThat(slow.get()).isInstanceOf(Reply.Ok.class);
      assertThat(twice.get()).as("the same one asked for again").isInstanceOf(Reply.Ok.class);
    } finally {
      answer.countDown();
    }
  }

  @Test
  void whoeverWantsTheVmStartedOrItsShadowGoneWaitsUntilItHasBeenReadOutOfTheStore()
      throws Exception {
    storedOnTwo(VM);
    CountDownLatch answer = three.slowStore(VM);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Reply<ShadowProgress>> slow = threads.submit(() -> restore(VM));
      controller.until("the store is asked", () -> three.hasAskedStore(VM));
      Future<?> start = threads.submit(() -> three.client().start(TestHost.spec(VM.value())));
      controller.until("it is to start", () -> three.hasBeenTold("PUT", "/v1/vms/{vm}"));
      Thread.sleep(300);
      assertThat(start.isDone()).as("started beside its restore").isFalse();
      assertThat(three.starts()).isZero();
      Future<Reply<Outcome>> delete =
          threads.submit(
              () -> three.client().execute(new Command.DeleteShadow(next(), VM, THREE), WITHIN));
      controller.until("it is to delete", () -> three.hasBeenTold("POST", "/v1/commands"));
      Thread.sleep(200);
      assertThat(delete.isDone()).as("nothing there, it would say").isFalse();

      answer.countDown();
      assertThat(slow.get()).isInstanceOf(Reply.Ok.class);
      assertThat(delete.get()).isEqualTo(new Reply.Ok<>(DONE));
      start.get();
    } finally {
      answer.countDown();
    }
    assertThat(three.hasShadow(VM)).isFalse();
    assertThat(three.starts()).as("a shadow stood there").isZero();
  }

  @Test
  void whatWasRestoredTakesOverAlthoughThePrimaryHasBegunToFillItAndIsDead() throws Exception {
    storedOnTwo(VM);
    assertThat(restore(VM)).isInstanceOf(Reply.Ok.class);
    long stored = onThree().epoch();
    // Prepared, and not a page has come when the primary dies.
    ShadowOrder order =
        new ShadowOrder(TestHost.spec(VM.value()), ONE, 0, ShadowMode.COLD, SIZE, true);
    assertThat(three.client().prepare(order)).isInstanceOf(Reply.Ok.class);
    one.crash(VM);
    controller.fence(new Command.FenceVm(next(), VM, ONE));

    assertThat(controller.run(new Command.AllocateShadow(next(), VM, THREE, SIZE))).isEqualTo(DONE);
    Outcome synced = controller.run(new Command.SyncLast(next(), VM, THREE, Optional.empty()));
    assertThat(synced)
        .isInstanceOfSatisfying(
            Outcome.Synced.class, found -> assertThat(found.epoch()).isEqualTo(stored));
    assertThat(controller.run(new Command.Activate(next(), VM, THREE, stored, 1))).isEqualTo(DONE);
    assertThat(three.serves(VM)).isTrue();
  }

  @Test
  void nothingIsLeftOfARestoreThatFailsHalfWay() throws Exception {
    storedOnTwo(VM);
    three.breakNextShadow();
    assertThat(restore(VM)).isNotInstanceOf(Reply.Ok.class);
    assertThat(three.instances()).isEmpty();
    assertThat(three.hasShadow(VM)).isFalse();

    assertThat(restore(VM)).isInstanceOf(Reply.Ok.class);
  }
}
