package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.lab.GuestImages;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest of two virtual CPUs that writes to its disks and to its memory all the time, killed in
 * the middle of it: what its shadow goes on with is of one moment.
 */
@Timeout(400)
class DisksTakeOverTest {

  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");

  private GuestOnHosts hosts;

  @BeforeEach
  void start() throws Exception {
    hosts =
        GuestOnHosts.start(
            List.of(ONE, TWO),
            (directory, host) ->
                new QemuHypervisor(directory.resolve(host.value()), host.value(), Lab.usual()));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  private GuestSpec guest(GuestSpec.Kernel kernel, Disk... disks) {
    return GuestSpec.of(GuestOnHosts.VM, 128, kernel).withVcpus(2).withDisks(List.of(disks));
  }

  /** A number is counted in memory, then written to one disk after the other, and flushed. */
  private long expectOneMoment(HostId host) throws IOException {
    long counted = GuestImages.countedIn(hosts.state(host, "ram"));
    List<Long> first = GuestImages.countedOn(hosts.state(host, "disk-0"));
    List<Long> second = GuestImages.countedOn(hosts.state(host, "disk-1"));
    List<Long> order =
        List.of(counted, first.getFirst(), first.getLast(), second.getFirst(), second.getLast());
    System.out.printf("at the cut: counted, and on both disks: %s%n", order);
    assertThat(counted).isPositive();
    assertThat(order)
        .as("what is written later is no newer")
        .isSortedAccordingTo(Comparator.reverseOrder());
    assertThat(order.getLast()).as("what was flushed before").isGreaterThanOrEqualTo(counted - 1);
    return counted;
  }

  /** How many virtual CPUs have run since this QEMU was started. */
  private static long processorsOf(long pid) throws IOException {
    try (var threads = Files.list(Path.of("/proc/%d/task".formatted(pid)))) {
      long count = 0;
      for (Path thread : threads.toList()) {
        boolean processor = Files.readString(thread.resolve("comm")).startsWith("CPU ");
        boolean ran = !Files.readString(thread.resolve("schedstat")).startsWith("0 ");
        count += processor && ran ? 1 : 0;
      }
      return count;
    }
  }

  @Test
  void memoryAndTwoDisksAreOfOneMomentThroughTwoTakeovers() throws Exception {
    Path raw = GuestImages.disk(hosts.file("a.raw"), "raw");
    Path qcow2 = GuestImages.disk(hosts.file("b.qcow2"), "qcow2");
    hosts.boot(
        guest(
            LabGuest.in(TrackingLibrary.usualCache()).orThrow().redisAndDisk(),
            Disk.raw("disk-0", raw),
            Disk.qcow2("disk-1", qcow2)));
    HostId primary = ONE;
    for (HostId shadow : List.of(TWO, ONE)) {
      hosts.protect(primary, shadow, ShadowMode.WARM);
      Thread writer = hosts.writer(primary);
      hosts.awaitAck(primary, shadow);
      Thread.sleep(1_000);
      int sure = hosts.answered();
      hosts.awaitAck(primary, shadow);

      Outcome.Synced last = hosts.die(primary, shadow);
      writer.join();
      long counted = expectOneMoment(shadow);
      hosts.activate(shadow, last);

      hosts.expectKeys(shadow, sure);
      Path disk = hosts.state(shadow, "disk-1");
      hosts.controller().until("both disks are written on", () -> lastOn(disk) > counted + 2);
      assertThat(lastOn(hosts.state(shadow, "disk-0"))).isGreaterThan(counted + 2);
      assertThat(processorsOf(hosts.at(shadow).guestPid(GuestOnHosts.VM)))
          .as("virtual CPUs")
          .isEqualTo(2);
      hosts.settle(shadow, primary);
      primary = shadow;
    }
  }

  private static long lastOn(Path disk) {
    try {
      return GuestImages.lastOn(disk);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aFileSystemOnQcow2IsCleanAtTheCutAndGoesOnWithoutAGap() throws Exception {
    Path qcow2 = GuestImages.fileSystem(hosts.file("a.qcow2"));
    hosts.boot(
        guest(
                LabGuest.withAgent(TrackingLibrary.usualCache()).orThrow().redisWithAgent(),
                Disk.qcow2("disk-0", qcow2))
            .withAgent());
    hosts.protect(ONE, TWO, ShadowMode.WARM);
    Thread writer = hosts.writer(ONE);
    Path disk = hosts.state(TWO, "disk-0");
    hosts.controller().until("it writes its log", () -> GuestImages.logSoFar(disk).size() > 5);
    int sure = hosts.answered();
    hosts.awaitAck(ONE, TWO);

    Outcome.Synced last = hosts.die(ONE, TWO);
    writer.join();
    GuestImages.run("/sbin/e2fsck", "-fn", disk.toString());
    List<Long> log = GuestImages.logOn(disk);
    long known = GuestImages.countedIn(hosts.state(TWO, "ram"));
    System.out.printf("at the cut: %d in memory, %d in the log%n", known, log.getLast());
    assertThat(log.getLast()).isBetween(known - 1, known);
    hosts.activate(TWO, last);

    hosts.expectKeys(TWO, sure);
    hosts
        .controller()
        .until("the log goes on", () -> GuestImages.logSoFar(disk).size() > log.size() + 3);
    hosts.kill(TWO);
    // Killed in the middle: its journal is to be read first.
    GuestImages.run("/sbin/e2fsck", "-fp", disk.toString());
    List<Long> all = GuestImages.logOn(disk);
    assertThat(all).isEqualTo(LongStream.rangeClosed(1, all.size()).boxed().toList());
    assertThat(all.size()).isGreaterThan(log.size() + 2);
  }
}
