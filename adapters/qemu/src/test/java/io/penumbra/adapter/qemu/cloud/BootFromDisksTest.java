package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.lab.GuestImages;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Cold shadows whose memory is of no use where it is needed: the guest boots from its disks as they
 * were at the epoch, and a person is told why.
 */
@Timeout(400)
class BootFromDisksTest {

  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");

  /** A QEMU that is another than it says, or an older one, from when a file says so on. */
  private static final String OTHER =
      """
      #!/bin/sh
      for word; do
        shift
        case $word in
          q35,*) [ ! -e "$0.older" ] || word=pc-q35-7.1,${word#*,} ;;
          virtio-blk-pci,*) [ ! -e "$0.queues" ] || word=$word,num-queues=7 ;;
        esac
        set -- "$@" "$word"
      done
      exec "$@"
      """;

  private GuestOnHosts hosts;
  private int boots;

  @BeforeEach
  void start() throws Exception {
    hosts =
        GuestOnHosts.start(
            List.of(ONE, TWO),
            (directory, host) -> {
              Path script = directory.resolve("qemu-on-" + host);
              Files.writeString(script, OTHER);
              Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
              LaunchSettings launch = Lab.usual().withWrapper(List.of(script.toString()));
              return new QemuHypervisor(directory.resolve(host.value()), host.value(), launch);
            });
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  /** Dies on one host, and is booted on the other from the disk that its shadow has there. */
  private String dieAndBoot(HostId primary, HostId shadow, String trouble) throws Exception {
    hosts.protect(primary, shadow, ShadowMode.COLD);
    try (RedisClient redis = RedisClient.to(hosts.port(primary))) {
      redis.set("only", "in memory");
    }
    Path disk = hosts.state(shadow, "disk-0");
    int before = GuestImages.logSoFar(disk).size();
    hosts.controller().until("it writes", () -> GuestImages.logSoFar(disk).size() > before + 2);
    hosts.awaitAck(primary, shadow);
    Outcome.Synced last = hosts.die(primary, shadow);
    List<Long> log = GuestImages.logOn(disk);
    Files.createFile(hosts.file("qemu-on-%s.%s".formatted(shadow, trouble)));

    hosts.activate(shadow, last);

    try (RedisClient redis = RedisClient.await(hosts.port(shadow), GuestOnHosts.BOOT)) {
      assertThat(redis.size()).as("keys after a boot").isZero();
    }
    List<Long> longer = new ArrayList<>();
    hosts
        .controller()
        .until(
            "it writes",
            () -> {
              longer.clear();
              longer.addAll(GuestImages.logSoFar(disk));
              return longer.size() > log.size() + 2;
            });
    assertThat(longer).as("the disk of the epoch").startsWith(log.toArray(Long[]::new));
    assertThat(longer.subList(log.size(), log.size() + 2))
        .as("counted from the start, for it was booted")
        .containsExactly(1L, 2L);
    hosts.settle(shadow, primary);
    boots++;
    hosts.controller().await(Event.BootedFromDisks.class, boots);
    String reason =
        hosts.controller().cloud().events(0, 100_000).events().stream()
            .filter(Event.BootedFromDisks.class::isInstance)
            .map(Event.BootedFromDisks.class::cast)
            .toList()
            .getLast()
            .reason();
    System.out.println("booted: " + reason);
    assertThat(reason).contains("epoch " + last.epoch());
    return reason;
  }

  @Test
  void whatIsRefusedIsBootedFromItsDisksAndTheReasonIsTold() throws Exception {
    Path qcow2 = GuestImages.fileSystem(hosts.file("a.qcow2"));
    hosts.boot(
        GuestSpec.of(
                GuestOnHosts.VM,
                128,
                LabGuest.withAgent(TrackingLibrary.usualCache()).orThrow().redisWithAgent())
            .withVcpus(2)
            .withDisks(List.of(Disk.qcow2("disk-0", qcow2)))
            .withAgent());

    assertThat(dieAndBoot(ONE, TWO, "queues")).contains("QEMU can't go on with that state");
    assertThat(dieAndBoot(TWO, ONE, "older"))
        .contains("machine type: primary has pc-q35-7.2, shadow would have pc-q35-7.1");
  }
}
