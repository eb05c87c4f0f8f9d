package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.adapter.qemu.api.ShadowSeat;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real Redis in a real QEMU, looked after by real agents; only the scheduler is played. */
@Timeout(300)
class QemuAgentsTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");
  private static final Resources SIZE = new Resources(1, 128, 1);
  private static final Outcome DONE = new Outcome.Done();
  private static final JsonMapper JSON = new JsonMapper();

  private static LabGuest image;

  private Path directory;
  private TestController controller;
  private TestHost one;
  private TestHost two;
  private int portOnOne;
  private int portOnTwo;
  private int commands;

  @BeforeAll
  static void build() {
    image = Lab.needed();
  }

  @BeforeEach
  void start() throws Exception {
    directory = ShortDirectory.create();
    LaunchSettings launch = Lab.usual();
    controller = TestController.start(directory.resolve("books.json"));
    one = TestHost.withQemu(directory, ONE.value(), controller.address(), launch);
    two = TestHost.withQemu(directory, TWO.value(), controller.address(), launch);
    controller.await(Event.HostDiscovered.class, 2);
    portOnOne = TestHost.freePort();
    portOnTwo = TestHost.freePort();
    controller.cloud().start(spec(image), ONE);
    controller.await(Event.VmCreated.class, 1);
    RedisClient.await(portOnOne, GuestOnHosts.BOOT).close();
  }

  @AfterEach
  void stop() throws Exception {
    one.close();
    two.close();
    one.removeGuests(VM);
    two.removeGuests(VM);
    controller.close();
    ShortDirectory.delete(directory);
  }

  private VmSpec spec(LabGuest image) {
    GuestSpec guest =
        GuestSpec.of(VM, 128, image.redis())
            .withForwards(List.of(new PortForward("127.0.0.1", portOnOne, 6379)));
    return TestHost.spec(VM.value())
        .withGuest(
            QemuHypervisor.describe(
                guest, TWO.value(), List.of(new PortForward("127.0.0.1", portOnTwo, 6379))),
            new VmSpec.ServiceCheck(
                "6379", VmSpec.ServiceCheck.Kind.RESP, "", Duration.ofSeconds(1)));
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  private void shadowOnTwo() throws Exception {
    assertThat(
            controller.run(
                new Command.CreateShadow(
                    next(), VM, ONE, TWO, ShadowMode.WARM, SIZE, Duration.ofMillis(400), false)))
        .isEqualTo(DONE);
  }

  private long epochOnTwo() {
    return controller.instance(two, VM).orElseThrow().epoch();
  }

  private void awaitAck() throws Exception {
    long now = controller.instance(one, VM).orElseThrow().epoch();
    controller.until("a cut after this is acked", () -> epochOnTwo() > now);
  }

  /**
   * The agent was stopped and started meanwhile: the guest did not notice, and its shadow follows.
   */
  private void restartAgentOfOne() throws Exception {
    long pid = one.guestPid(VM);
    one.stopAgent();
    try (RedisClient redis = RedisClient.to(portOnOne)) {
      redis.set("meanwhile", "yes");
    }
    one.startAgent();
    awaitAck();
    assertThat(one.guestPid(VM)).isEqualTo(pid);
  }

  private Path recordOnTwo() {
    return directory.resolve("h2/vms/vm-1/instance.json");
  }

  private boolean isSeatedOnTwo() {
    try {
      return JSON.readTree(recordOnTwo().toFile()).hasNonNull("seat");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The guest runs, and neither its own file nor the agent's says that it was meant to. */
  private void restartAgentOfTwoAsIfItHadDiedWhileItPromoted(JsonNode shadow) throws Exception {
    long pid = two.guestPid(VM);
    controller.until("nobody writes its record any more", () -> !isSeatedOnTwo());
    two.stopAgent();
    ObjectNode half = (ObjectNode) JSON.readTree(recordOnTwo().toFile());
    half.set("seat", shadow.path("seat"));
    JSON.writeValue(recordOnTwo().toFile(), half);
    Path guestFile = directory.resolve("h2/vm-1/guest.json");
    ObjectNode guest = (ObjectNode) JSON.readTree(guestFile.toFile());
    assertThat(guest.path("role").asText()).isEqualTo("PRIMARY");
    JSON.writeValue(guestFile.toFile(), guest.put("role", "SHADOW"));
    two.startAgent();
    assertThat(two.guestPid(VM)).isEqualTo(pid);
  }

  @Test
  void aKilledRedisAnswersFromItsShadowWithEverythingThatWasAcked() throws Exception {
    shadowOnTwo();
    restartAgentOfOne();
    try (RedisClient redis = RedisClient.to(portOnOne)) {
      for (int i = 0; i < 100; i++) {
        redis.set("key-" + i, "value-" + i);
      }
    }
    awaitAck();

    long killed = System.nanoTime();
    one.killGuest(VM);
    controller.await(Event.GuestFailed.class, 1);
    long heard = System.nanoTime();
    assertThat(controller.fence(new Command.FenceVm(next(), VM, ONE)))
        .isInstanceOf(FencingResult.Fenced.class);
    assertThat(controller.run(new Command.AllocateShadow(next(), VM, TWO, SIZE))).isEqualTo(DONE);
    Outcome outcome = controller.run(new Command.SyncLast(next(), VM, TWO, Optional.empty()));
    long synced = System.nanoTime();
    assertThat(outcome).isInstanceOf(Outcome.Synced.class);
    Outcome.Synced state = (Outcome.Synced) outcome;
    JsonNode shadowRecord = JSON.readTree(recordOnTwo().toFile());
    assertThat(
            controller.run(new Command.Activate(next(), VM, TWO, state.epoch(), state.term() + 1)))
        .isEqualTo(DONE);
    long active = System.nanoTime();
    try (RedisClient redis = RedisClient.await(portOnTwo, GuestOnHosts.BOOT)) {
      System.out.printf(
          "killed; event %.1f ms, synced %.1f ms, active %.1f ms, first PONG %.1f ms%n",
          (heard - killed) / 1e6,
          (synced - killed) / 1e6,
          (active - killed) / 1e6,
          (System.nanoTime() - killed) / 1e6);
      assertThat(redis.size()).isEqualTo(101);
      assertThat(redis.get("meanwhile")).isEqualTo("yes");
      assertThat(redis.get("key-99")).isEqualTo("value-99");
    }
    assertThat(controller.verify(VM, TWO)).isEqualTo(DONE);
    restartAgentOfTwoAsIfItHadDiedWhileItPromoted(shadowRecord);
    assertThat(
            controller.run(new Command.Activate(next(), VM, TWO, state.epoch(), state.term() + 1)))
        .isEqualTo(DONE);
    assertThat(controller.verify(VM, TWO)).isEqualTo(DONE);
    assertThat(controller.run(new Command.RetirePrimary(next(), VM, ONE))).isEqualTo(DONE);
    assertThat(
            controller.run(
                new Command.CreateShadow(
                    next(), VM, TWO, ONE, ShadowMode.WARM, SIZE, Duration.ofMillis(400), false)))
        .isEqualTo(DONE);
  }

  @Test
  void aPrimaryThatIsCutOffStopsBeforeItsShadowServes() throws Exception {
    shadowOnTwo();
    List<Relay> wires = throughWires();
    try (PortWatch watch = PortWatch.of(portOnOne, portOnTwo)) {
      controller.until("the first one is asked", () -> watch.hasAnswered(portOnOne));
      controller.cutOff(ONE);
      wires.forEach(Relay::cut);
      LeaseCalls.End end = controller.awaitEnd(VM, ONE, TWO);
      assertThat(end.ended()).as(end.toString()).isTrue();
      Outcome outcome = controller.run(new Command.SyncLast(next(), VM, TWO, Optional.empty()));
      assertThat(outcome).isInstanceOf(Outcome.Synced.class);
      Outcome.Synced state = (Outcome.Synced) outcome;
      assertThat(
              controller.run(
                  new Command.Activate(next(), VM, TWO, state.epoch(), state.term() + 1)))
          .isEqualTo(DONE);
      RedisClient.await(portOnTwo, GuestOnHosts.BOOT).close();
      controller.healed(ONE);
      wires.forEach(Relay::heal);
      Thread.sleep(1_000);
      controller.until("the second one is asked", () -> watch.hasAnswered(portOnTwo));

      assertThat(watch.lastAnswer(portOnOne)).isLessThan(watch.firstAnswer(portOnTwo));
      System.out.printf(
          "cut off: nobody served for %.0f ms%n",
          (watch.firstAnswer(portOnTwo) - watch.lastAnswer(portOnOne)) / 1e6);
    } finally {
      wires.forEach(Relay::close);
    }
  }

  /** Puts wires between the two agents that can be cut, and waits for a lease over them. */
  private List<Relay> throughWires() throws Exception {
    VmSpec known =
        TestController.answer(() -> one.client().spec(VM))
                instanceof io.penumbra.web.Reply.Ok<VmSpec>(VmSpec spec)
            ? spec
            : fail("no spec");
    ShadowSeat seat =
        TestController.answer(() ->
            two.client().prepare(new ShadowOrder(known, ONE, 0, ShadowMode.WARM, SIZE, true)))
                instanceof io.penumbra.web.Reply.Ok<ShadowSeat>(ShadowSeat there)
            ? there
            : fail("no seat");
    Relay data = Relay.to(seat.addresses().getFirst());
    Relay agent = Relay.to(two.client().address().substring("http://".length()));
    ReplicaOrder replica =
        new ReplicaOrder(
            TWO,
            "http://" + agent.address(),
            List.of(data.address()),
            seat.link(),
            Duration.ofMillis(200));
    assertThat(TestController.answer(() -> one.client().replicate(VM, replica)))
        .isInstanceOf(io.penumbra.web.Reply.Ok.class);
    controller.until(
        "a lease is in force",
        () -> controller.reported(ONE, VM).filter(r -> r.keeper().isPresent()).isPresent());
    awaitAck();
    return List.of(data, agent);
  }
}
