package io.penumbra.adapter.qemu.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.Finding;
import io.penumbra.adapter.qemu.guest.GuestCheck;
import io.penumbra.adapter.qemu.guest.GuestStatus;
import io.penumbra.adapter.qemu.guest.LibvirtDomains;
import io.penumbra.adapter.qemu.guest.LibvirtMonitor;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.guest.RunningGuest;
import io.penumbra.adapter.qemu.lab.EpochPump;
import io.penumbra.adapter.qemu.lab.GuestImages;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.adapter.qemu.lab.Libvirt;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.ShadowPlan;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Guests that a real libvirt has started, seen and captured through the monitor that it keeps. */
@Timeout(value = 6, unit = TimeUnit.MINUTES)
class LibvirtTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  private final Lab lab;
  private final Libvirt libvirt;
  private final String name = "kept-" + ProcessHandle.current().pid();

  LibvirtTest() throws IOException, InterruptedException {
    lab = Lab.open("libvirt");
    libvirt = Libvirt.start();
  }

  @AfterEach
  void end() throws IOException {
    libvirt.close();
    lab.close();
  }

  /** As virt-install would have it, without a card and a screen. */
  private String domain(String called, String memory, String disks) throws IOException {
    return """
    <domain type='qemu'>
      <name>%s</name>
      <memory unit='MiB'>128</memory>
      <vcpu>2</vcpu>
      %s
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        <kernel>%s</kernel>
        <initrd>%s</initrd>
        <cmdline>console=ttyS0 quiet panic=-1 penumbra.disk=1 penumbra.load=idle</cmdline>
      </os>
      <features><acpi/></features>
      <devices>%s</devices>
    </domain>
    """
        .formatted(
            called,
            memory,
            libvirt.copyOf(lab.image().kernel()),
            libvirt.copyOf(lab.image().initrd()),
            disks);
  }

  private String disk(String file, String format, String target) throws IOException {
    GuestImages.disk(libvirt.file(file), format);
    return "<disk type='file'><driver name='qemu' type='%s'/><source file='%s'/><target dev='%s' bus='virtio'/></disk>"
        .formatted(format, libvirt.file(file), target);
  }

  private List<Finding> check(RunningGuest found) {
    LibvirtMonitor monitor = new LibvirtMonitor(found.name(), Optional.of(libvirt.uri()));
    return GuestCheck.check(found, command -> monitor.execute(command).found());
  }

  private Reply<QemuGuest> attach(RunningGuest found) throws IOException {
    return new LibvirtDomains(Optional.of(libvirt.uri()))
        .attach(found, VmId.of("vm-1"), libvirt.file("at"), UnaryOperator.identity());
  }

  @Test
  void aDomainIsFoundAndToldWhatItLacks() throws Exception {
    RunningGuest plain =
        libvirt.create("plain-" + name, domain("plain-" + name, "", disk("a", "vmdk", "vda")));
    RunningGuest kept =
        libvirt.create(
            name,
            domain(
                name,
                "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
                disk("b", "qcow2", "vda")));

    assertThat(LibvirtMonitor.domains(Optional.of(libvirt.uri())).orThrow())
        .containsExactlyInAnyOrder(plain.name(), name);
    assertThat(plain.libvirt()).isTrue();
    assertThat(plain.monitor()).isEmpty();
    assertThat(check(plain))
        .filteredOn(Finding.Lacking.class::isInstance)
        .extracting(Finding::what)
        .containsExactly("memory", "disks");
    assertThat(check(kept)).noneMatch(Finding.Lacking.class::isInstance);
    assertThat(check(kept))
        .filteredOn(Finding.Costly.class::isInstance)
        .extracting(Finding::what)
        .containsExactly("tracking");
    Reply<QemuGuest> refused = attach(plain);
    assertThat(refused.refusal().orElseThrow()).contains("is not shared");
  }

  @Test
  void memoryAndDisksOfADomainAreCapturedThroughItsMonitor() throws Exception {
    RunningGuest found =
        libvirt.create(
            name,
            domain(
                name,
                "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
                disk("a", "raw", "vda") + disk("b", "qcow2", "vdb")));
    GuestShadow shadow;
    CountDownLatch gone = new CountDownLatch(1);
    try (QemuGuest guest = attach(found).orThrow()) {
      guest.onGone(gone::countDown);
      assertThat(guest.spec().vcpus()).isEqualTo(2);
      assertThat(guest.spec().memoryMib()).isEqualTo(128);
      assertThat(guest.spec().disks()).hasSize(2);
      shadow =
          GuestShadow.create(
                  ShadowPlan.of(guest.spec(), guest.identity().orThrow(), lab.directory("shadow")),
                  ShadowMode.COLD,
                  lab.settings())
              .orThrow();
      try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
          EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
        awaitCount(guest, 3);
        for (int round = 0; round < 4; round++) {
          pump.epoch();
          expectOneMoment(shadow.plan().state(), guest);
        }
        System.out.printf(
            "libvirt: a cut through its monitor took %d ms%n",
            source.lastPause().orElseThrow().total().toMillis());
      }
      assertThat(libvirt.virsh("domstate", name)).isEqualTo("running");
      libvirt.virsh("destroy", name);
      assertThat(gone.await(60, TimeUnit.SECONDS)).as("seen that it has ended").isTrue();
    }

    try (QemuGuest booted = shadow.bootFromDisks(OptionalLong.empty()).orThrow()) {
      assertThat(booted.status().orThrow().phase()).isEqualTo(GuestStatus.Phase.RUNNING);
      booted.destroy(SOON).orThrow();
    }
  }

  private static void awaitCount(QemuGuest guest, long most) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (GuestImages.countedIn(guest.home().ram()) < most) {
      assertThat(System.nanoTime()).as("the guest writes").isLessThan(until);
      Thread.sleep(100);
    }
  }

  /** As in its order: counted in memory, then on one disk, then on the other. */
  private static void expectOneMoment(Path state, QemuGuest guest) throws IOException {
    long counted = GuestImages.countedIn(state.resolve("ram.img"));
    List<Long> order =
        guest.spec().disks().stream()
            .sorted((one, other) -> one.file().compareTo(other.file()))
            .flatMap(disk -> counted(state.resolve(disk.name() + ".img")).stream())
            .toList();
    System.out.printf("libvirt: counted %d, on its disks %s%n", counted, order);
    assertThat(counted).isPositive();
    assertThat(order).isSortedAccordingTo((one, other) -> Long.compare(other, one));
    assertThat(order.getFirst()).isLessThanOrEqualTo(counted);
    assertThat(order.getLast()).isGreaterThanOrEqualTo(counted - 1);
  }

  private static List<Long> counted(Path disk) {
    try {
      return GuestImages.countedOn(disk);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
