package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.Signals;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
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
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a real guest when its agent is killed with {@code kill -9}. */
@Timeout(300)
class KilledAgentTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");
  private static final Resources SIZE = new Resources(1, 128, 1);
  private static final long LEASE = TestHost.LEASE.lasts().toMillis();
  private static final long WITHIN = LEASE + TestHost.LEASE.margin().toMillis();

  @Test
  void aGuestWhoseAgentIsDeadIsStoppedWithinItsLeaseAndGoesOnByOrderOnly() throws Exception {
    LabGuest image = Lab.needed();
    Path directory = ShortDirectory.create();
    int port = TestHost.freePort();
    try (TestController controller = TestController.start(directory.resolve("books.json"));
        AgentProcess one =
            AgentProcess.start(directory, ONE.value(), controller.address(), TestHost.freePort());
        TestHost two =
            TestHost.withQemu(
                directory, TWO.value(), controller.address(), LaunchSettings.DEFAULT)) {
      try {
        tell(directory, controller, one, two, image, port);
      } finally {
        one.kill();
        new QemuHypervisor(directory.resolve(ONE.value()), ONE.value(), LaunchSettings.DEFAULT)
            .remove(VM);
        two.removeGuests(VM);
      }
    }
    ShortDirectory.delete(directory);
  }

  private static void tell(
      Path directory,
      TestController controller,
      AgentProcess one,
      TestHost two,
      LabGuest image,
      int port)
      throws Exception {
    controller.await(Event.HostDiscovered.class, 2);
    controller.cloud().start(spec(image, port), ONE);
    controller.await(Event.VmCreated.class, 1);
    RedisClient.await(port, GuestOnHosts.BOOT).close();
    assertThat(
            controller.run(
                new Command.CreateShadow(
                    CommandId.of("c-1"),
                    VM,
                    ONE,
                    TWO,
                    ShadowMode.WARM,
                    SIZE,
                    Duration.ofMillis(400),
                    false)))
        .isEqualTo(new Outcome.Done());
    controller.until(
        "a lease is in force",
        () -> controller.reported(ONE, VM).filter(r -> r.keeper().isPresent()).isPresent());
    long pid = Long.parseLong(Files.readString(directory.resolve("h1/vm-1/pid")).strip());

    // Back in time: the guest was not disturbed, and its epochs go on.
    one.kill();
    one.restart();
    long epoch = controller.instance(two, VM).orElseThrow().epoch();
    controller.until(
        "epochs go on", () -> controller.instance(two, VM).orElseThrow().epoch() > epoch + 1);
    assertThat(Signals.stat(pid).alive()).isTrue();

    controller.until(
        "the lease is in force",
        () -> controller.reported(ONE, VM).filter(r -> r.keeper().isPresent()).isPresent());

    // Not back: frozen within the lease and a little more, as an outsider sees it. Where the
    // machine itself stood still for longer, we look again.
    long took = frozenAfter(controller, one, pid);
    for (int again = 0; again < 8 && took > WITHIN; again++) {
      one.restart();
      controller.until("it goes on once more", () -> !Signals.stat(pid).frozen());
      controller.until(
          "a lease is in force once more",
          () -> controller.reported(ONE, VM).filter(KilledAgentTest::isLeased).isPresent());
      took = frozenAfter(controller, one, pid);
    }
    assertThat(took).isLessThanOrEqualTo(WITHIN);

    // Back later: it stands still until the controller renews its lease, and then goes on.
    one.restart();
    controller.until("the controller lets it go on", () -> !Signals.stat(pid).frozen());
    try (RedisClient redis = RedisClient.await(port, GuestOnHosts.BOOT)) {
      assertThat(redis.call("PING")).isEqualTo("PONG");
    }
    controller.until(
        "its agent says so",
        () -> controller.reported(ONE, VM).filter(r -> r.state() == State.SERVING).isPresent());
  }

  private static boolean isLeased(InstanceReport report) {
    return report.state() == State.SERVING && report.keeper().isPresent();
  }

  /** Milliseconds from its agent's death to its own standstill. */
  private static long frozenAfter(TestController controller, AgentProcess agent, long pid)
      throws InterruptedException {
    agent.kill();
    long killed = System.nanoTime();
    controller.until("the guest is frozen", () -> Signals.stat(pid).frozen());
    long took = (System.nanoTime() - killed) / 1_000_000;
    System.out.printf("frozen %d ms after its agent's death, lease %d ms%n", took, LEASE);
    return took;
  }

  private static VmSpec spec(LabGuest image, int port) {
    GuestSpec guest =
        GuestSpec.of(VM, 128, image.redis())
            .withForwards(List.of(new PortForward("127.0.0.1", port, 6379)));
    VmSpec.ServiceCheck check =
        new VmSpec.ServiceCheck("6379", VmSpec.ServiceCheck.Kind.RESP, "", Duration.ofSeconds(1));
    return TestHost.spec(VM.value()).withGuest(QemuHypervisor.describe(guest), check);
  }
}
