package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.ServiceGate;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whoever leads clients hears where a guest is, also when the agent that said so is dead. */
@Timeout(300)
class LedClientsTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("host-1");
  private static final HostId TWO = HostId.of("host-2");
  private static final Resources SIZE = new Resources(1, 256, 1);
  private static final Outcome DONE = new Outcome.Done();

  @TempDir private Path directory;
  private final Gate gate = new Gate();
  private TestController controller;
  private TestHost one;
  private TestHost two;

  /** Writes down whom it is to lead clients to, and leads nobody. */
  private static final class Gate implements ServiceGate {
    private final List<Optional<Promotion>> told = new CopyOnWriteArrayList<>();
    private final List<Arrival> arrivals = new CopyOnWriteArrayList<>();
    private final CountDownLatch asked = new CountDownLatch(1);
    private volatile boolean passes;

    @Override
    public boolean leads(VmId vm) {
      return vm.equals(VM);
    }

    @Override
    public long cutting(VmId vm, long epoch, Duration quietWithin) {
      return 0;
    }

    @Override
    public void acked(VmId vm, long epoch) {}

    @Override
    public boolean guards(VmId vm, long acked) {
      asked.countDown();
      return !passes;
    }

    @Override
    public void promoted(VmId vm, Promotion from, InetSocketAddress address, Arrival arrival) {
      told.add(Optional.of(from));
      arrivals.add(arrival);
    }

    @Override
    public void booted(VmId vm, InetSocketAddress address, Arrival arrival) {
      told.add(Optional.empty());
      arrivals.add(arrival);
    }
  }

  @BeforeEach
  void start() throws Exception {
    controller = TestController.start(directory.resolve("books.json"));
    one = TestHost.led(directory, ONE.value(), controller.address(), gate);
    two = TestHost.led(directory, TWO.value(), controller.address(), gate);
    controller.await(Event.HostDiscovered.class, 2);
    VmSpec spec = TestHost.spec(VM.value());
    controller
        .cloud()
        .start(
            spec.withGuest(
                spec.guest(),
                new VmSpec.ServiceCheck(
                    "6379", VmSpec.ServiceCheck.Kind.TCP, "", Duration.ofSeconds(1))),
            ONE);
    controller.await(Event.VmCreated.class, 1);
  }

  @AfterEach
  void stop() throws Exception {
    one.close();
    two.close();
    controller.close();
    // Before JUnit does, which does not wait for whoever still writes a last file.
    ShortDirectory.delete(directory);
  }

  private static void restart(TestHost host) throws Exception {
    host.stopAgent();
    host.startAgent();
  }

  private Outcome shadow() throws InterruptedException {
    return controller.run(
        new Command.CreateShadow(
            CommandId.of("c-1"),
            VM,
            ONE,
            TWO,
            ShadowMode.WARM,
            SIZE,
            Duration.ofMillis(200),
            false));
  }

  /** Promotes its shadow on the second host. */
  private void takeOver() throws Exception {
    assertThat(shadow()).isEqualTo(DONE);
    controller.fence(new Command.FenceVm(CommandId.of("c-2"), VM, ONE));
    Outcome.Synced synced =
        (Outcome.Synced)
            controller.run(new Command.SyncLast(CommandId.of("c-3"), VM, TWO, Optional.empty()));
    assertThat(
            controller.run(new Command.Activate(CommandId.of("c-4"), VM, TWO, synced.epoch(), 3)))
        .isEqualTo(DONE);
  }

  @Test
  void anAgentThatDiedWhileItLedClientsToAPromotedGuestSaysOnceMoreWhereItIs() throws Exception {
    takeOver();
    ServiceGate.Promotion first = gate.told.getLast().orElseThrow();
    assertThat(first.term()).isEqualTo(3);
    int before = gate.told.size();

    restart(two);

    assertThat(gate.told).hasSize(before + 1);
    assertThat(gate.told.getLast()).as("the same promotion").contains(first);
    assertThat(gate.arrivals.get(before - 1).presence())
        .as("for the agent that is dead")
        .isEqualTo(ServiceGate.Presence.GONE);
    assertThat(gate.arrivals.getLast().presence()).isNotEqualTo(ServiceGate.Presence.GONE);
  }

  @Test
  void theSameGoesForAGuestThatWasStartedFromItsDisks() throws Exception {
    assertThat(gate.told).containsExactly(Optional.empty());

    restart(one);

    assertThat(gate.told).containsExactly(Optional.empty(), Optional.empty());
  }

  @Test
  void whoeverWasLedIsNotLedAgain() throws Exception {
    gate.arrivals.getLast().led();
    restart(one);
    assertThat(gate.told).hasSize(1);

    takeOver();
    assertThat(gate.told).hasSize(2);
    gate.arrivals.getLast().led();
    restart(two);
    assertThat(gate.told).hasSize(2);
  }

  @Test
  void whatADeadAgentStillHearsChangesNothing() throws Exception {
    restart(one);
    gate.arrivals.getFirst().led();
    restart(one);
    assertThat(gate.told).hasSize(3);
  }

  @Test
  void aShadowCountsOnlyWhenClientsAreToldNothingThatItCouldLose() throws Exception {
    gate.passes = true;
    CompletableFuture<Outcome> shadow = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            shadow.complete(shadow());
          } catch (InterruptedException e) {
            shadow.completeExceptionally(e);
          }
        });
    assertThat(gate.asked.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(shadow).isNotDone();

    gate.passes = false;

    assertThat(shadow.get(60, TimeUnit.SECONDS)).isEqualTo(DONE);
  }
}
