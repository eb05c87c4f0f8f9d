package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.Signals;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.LibvirtDomains;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.RunningGuest;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.lab.GuestImages;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.adapter.qemu.lab.Libvirt;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest that a real libvirt has started, looked after by real agents. */
@Timeout(400)
class LibvirtAgentsTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");
  private static final Resources SIZE = new Resources(2, 128, 1);
  private static final Outcome DONE = new Outcome.Done();

  private final String name = "kept-" + ProcessHandle.current().pid();
  private Path directory;
  private Libvirt libvirt;
  private static LabGuest image;

  private TestController controller;
  private TestHost one;
  private TestHost two;
  private int portOnOne;
  private int portOnTwo;
  private int commands;
  private int adoptions;

  @BeforeAll
  static void build() {
    image = Lab.needed();
    Libvirt.needed();
  }

  @BeforeEach
  void start() throws Exception {
    directory = ShortDirectory.create();
    // Libvirt's QEMU runs under another account, and has to come this far.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    libvirt = Libvirt.start();
    controller = TestController.start(directory.resolve("books.json"));
    one = host(ONE);
    two = host(TWO);
    controller.await(Event.HostDiscovered.class, 2);
    portOnOne = TestHost.freePort();
    portOnTwo = TestHost.freePort();
  }

  private TestHost host(HostId host) throws IOException {
    return TestHost.with(directory, host.value(), controller.address(), hypervisor(host));
  }

  private QemuHypervisor hypervisor(HostId host) {
    QemuHypervisor qemu =
        new QemuHypervisor(directory.resolve(host.value()), host.value(), Lab.usual());
    return host.equals(ONE)
        ? qemu.withLibvirt(new LibvirtDomains(Optional.of(libvirt.uri())))
        : qemu;
  }

  @AfterEach
  void stop() throws Exception {
    one.close();
    two.close();
    one.removeGuests(VM);
    two.removeGuests(VM);
    controller.close();
    libvirt.close();
    ShortDirectory.delete(directory);
  }

  /** As virt-install would have it; its network is one that needs no rights. */
  private RunningGuest domain(String devices) throws Exception {
    Path disk = GuestImages.disk(libvirt.file("a.qcow2"), "qcow2");
    // Now that it is there, it becomes QEMU's.
    libvirt.file("a.qcow2");
    return libvirt.create(
        name,
        """
        <domain type='qemu'>
          <name>%s</name>
          <memory unit='MiB'>128</memory>
          <vcpu>2</vcpu>
          <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
          <os>
            <type arch='x86_64' machine='q35'>hvm</type>
            <kernel>%s</kernel>
            <initrd>%s</initrd>
            <cmdline>console=ttyS0 quiet panic=-1 penumbra.disk=1</cmdline>
          </os>
          <features><acpi/></features>
          <devices>
            <disk type='file'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>
            <interface type='user'><model type='virtio'/></interface>
            <serial type='pty'/>
            %s
          </devices>
        </domain>
        """
            .formatted(
                name,
                libvirt.copyOf(image.kernel()),
                libvirt.copyOf(image.initrd()),
                disk,
                devices));
  }

  private void adopt(RunningGuest domain, String called) throws Exception {
    JsonNode guest = QemuHypervisor.describeDomain(called);
    guest = QemuHypervisor.alsoOn(guest, ONE.value(), List.of(forward(portOnOne)));
    guest = QemuHypervisor.alsoOn(guest, TWO.value(), List.of(forward(portOnTwo)));
    VmSpec spec =
        TestHost.spec(VM.value())
            .withGuest(
                guest,
                new VmSpec.ServiceCheck(
                    "6379", VmSpec.ServiceCheck.Kind.RESP, "", Duration.ofSeconds(1)));
    assertThat(controller.cloud().start(spec, ONE)).isInstanceOf(io.penumbra.web.Reply.Ok.class);
    controller.await(Event.VmCreated.class, ++adoptions);
    assertThat(one.guestPid(VM)).isEqualTo(domain.pid());
    RedisClient.await(portOnOne, GuestOnHosts.BOOT).close();
    controller.until(
        "it is said to serve",
        () -> controller.reported(ONE, VM).filter(r -> r.state() == State.SERVING).isPresent());
  }

  private static PortForward forward(int port) {
    return new PortForward("127.0.0.1", port, 6379);
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  private Outcome create(HostId primary, HostId shadow, ShadowMode mode) throws Exception {
    return controller.run(
        new Command.CreateShadow(
            next(), VM, primary, shadow, mode, SIZE, Duration.ofMillis(600), false));
  }

  private void protect(HostId primary, HostId shadow, ShadowMode mode) throws Exception {
    assertThat(create(primary, shadow, mode)).isEqualTo(DONE);
  }

  private void awaitAck(TestHost primary, TestHost shadow) throws Exception {
    long now = controller.instance(primary, VM).orElseThrow().epoch();
    controller.until(
        "a cut after this is acked",
        () -> controller.instance(shadow, VM).orElseThrow().epoch() > now);
  }

  /** Its primary is dead, or was made so. */
  private void takeOver(HostId from, HostId to) throws Exception {
    assertThat(controller.fence(new Command.FenceVm(next(), VM, from)))
        .isInstanceOf(FencingResult.Fenced.class);
    assertThat(controller.run(new Command.AllocateShadow(next(), VM, to, SIZE))).isEqualTo(DONE);
    Outcome outcome = controller.run(new Command.SyncLast(next(), VM, to, Optional.empty()));
    assertThat(outcome).isInstanceOf(Outcome.Synced.class);
    Outcome.Synced state = (Outcome.Synced) outcome;
    assertThat(
            controller.run(new Command.Activate(next(), VM, to, state.epoch(), state.term() + 1)))
        .isEqualTo(DONE);
  }

  private static void write(int port, String key, int count) throws IOException {
    try (RedisClient redis = RedisClient.to(port)) {
      for (int i = 0; i < count; i++) {
        redis.set(key + i, "value-" + i);
      }
    }
  }

  private static void expectKeys(int port, int count) throws Exception {
    try (RedisClient redis = RedisClient.await(port, GuestOnHosts.BOOT)) {
      assertThat(redis.size()).isEqualTo(count);
    }
  }

  @Test
  void aKilledDomainAnswersFromItsWarmShadowWithItsMemoryAndComesBackToItsHost() throws Exception {
    RunningGuest domain = domain("");
    adopt(domain, name);
    protect(ONE, TWO, ShadowMode.WARM);
    one.stopAgent();
    write(portOnOne, "key-", 100);
    one.startAgent();
    awaitAck(one, two);
    libvirt.restart();
    write(portOnOne, "later-", 10);
    awaitAck(one, two);
    awaitAck(one, two);
    assertThat(Signals.stat(domain.pid()).alive()).as("neither restart disturbed it").isTrue();

    long killed = System.nanoTime();
    one.killGuest(VM);
    controller.await(Event.GuestFailed.class, 1);
    long heard = System.nanoTime();
    takeOver(ONE, TWO);
    long active = System.nanoTime();
    expectKeys(portOnTwo, 110);
    System.out.printf(
        "libvirt's guest killed; event %.1f ms, active %.1f ms, answered %.1f ms%n",
        (heard - killed) / 1e6, (active - killed) / 1e6, (System.nanoTime() - killed) / 1e6);

    assertThat(controller.run(new Command.RetirePrimary(next(), VM, ONE))).isEqualTo(DONE);
    protect(TWO, ONE, ShadowMode.WARM);
    write(portOnTwo, "more-", 50);
    awaitAck(two, one);
    awaitAck(two, one);
    two.killGuest(VM);
    controller.await(Event.GuestFailed.class, 2);
    takeOver(TWO, ONE);
    expectKeys(portOnOne, 160);
  }

  @Test
  void aDomainIsLetGoOfTakenUpAgainAndWhenFencedGoesOnFromItsColdShadow() throws Exception {
    RunningGuest domain = domain("<video><model type='vga'/></video>");
    QemuHypervisor looking = hypervisor(ONE);
    // While it begins, its monitor may answer too late.
    controller.until(
        "it is seen, and lacks nothing",
        () ->
            looking.strays().stream()
                .anyMatch(stray -> stray.name().equals(name) && stray.lacks().isEmpty()));
    assertThat(looking.strays()).filteredOn(stray -> stray.name().equals(name)).hasSize(1);
    adopt(domain, domain.name());
    write(portOnOne, "key-", 20);

    controller.cloud().delete(VM);
    controller.await(Event.VmDeleted.class, 1);
    assertThat(one.instances()).isEmpty();
    expectKeys(portOnOne, 20);
    adopt(domain, domain.uuid().orElseThrow());

    protect(ONE, TWO, ShadowMode.COLD);
    awaitAck(one, two);
    takeOver(ONE, TWO);
    expectKeys(portOnTwo, 20);
    controller.until("libvirt has seen it", () -> !listed());
  }

  @Test
  void aDomainThatItsOwnerHasPutElsewhereIsNoFailure() throws Exception {
    RunningGuest domain = domain("");
    Path known = Files.writeString(libvirt.file("known.xml"), libvirt.virsh("dumpxml", name));
    libvirt.virsh("define", known.toString());
    adopt(domain, name);
    protect(ONE, TWO, ShadowMode.COLD);
    awaitAck(one, two);

    // As a migration, it ends here to go on: whether elsewhere or later.
    libvirt.virsh("managedsave", name);
    controller.await(Event.VmDeleted.class, 1);

    assertThat(controller.cloud().events(0, 100_000).events())
        .noneMatch(Event.GuestFailed.class::isInstance);
    assertThat(one.instances()).isEmpty();
    libvirt.virsh("undefine", name, "--managed-save");
  }

  private boolean listed() {
    try {
      return libvirt.virsh("list", "--name").contains(name);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whatNoOtherQemuCanHaveIsNamedAndItsShadowBootsFromTheDisks() throws Exception {
    Path shared = Files.createDirectory(directory.resolve("shared"));
    adopt(
        domain(
            "<filesystem type='mount' accessmode='mapped'><source dir='%s'/><target dir='s'/></filesystem>"
                .formatted(shared)),
        name);
    assertThat(create(ONE, TWO, ShadowMode.WARM))
        .isInstanceOfSatisfying(
            Outcome.Failed.class,
            failed -> assertThat(failed.message()).contains("can have its option -fsdev"));
    protect(ONE, TWO, ShadowMode.COLD);
    awaitAck(one, two);

    one.killGuest(VM);
    controller.await(Event.GuestFailed.class, 1);
    takeOver(ONE, TWO);
    controller.await(Event.BootedFromDisks.class, 1);
    expectKeys(portOnTwo, 0);
  }
}
