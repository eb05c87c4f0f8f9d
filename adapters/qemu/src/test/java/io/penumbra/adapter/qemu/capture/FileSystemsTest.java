package io.penumbra.adapter.qemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.GuestAgent;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.lab.EpochPump;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.ShadowPlan;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.StateSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real guest with QEMU's agent and a file system that it writes all the time. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class FileSystemsTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long DISK_BYTES = 16L << 20;

  private final Lab lab;
  private final Path disk;
  private QemuGuest guest;

  FileSystemsTest() throws IOException, InterruptedException {
    lab = Lab.open("agent");
    var image = LabGuest.withAgent(TrackingLibrary.usualCache());
    if (!"true".equals(System.getenv("CI"))) {
      assumeTrue(image.isDone(), () -> image.refusal().orElse(""));
      assumeTrue(Files.exists(Path.of("/sbin/mke2fs")), "mke2fs is missing (e2fsprogs)");
    }
    disk = lab.directory("data.raw");
    run("qemu-img", "create", "-q", "-f", "raw", disk.toString(), Long.toString(DISK_BYTES));
    run("/sbin/mke2fs", "-q", "-t", "ext4", disk.toString());
    GuestSpec spec =
        GuestSpec.of(VmId.of("files"), 128, image.orThrow().redisWithAgent())
            .withDisks(List.of(Disk.raw("disk-0", disk)))
            .withAgent();
    guest = QemuGuest.launch(spec, GuestHome.in(lab.directory("guest")), lab.settings()).orThrow();
  }

  @AfterEach
  void end() throws IOException {
    guest.destroy(SOON).orThrow();
    lab.close();
  }

  private static void run(String... words) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(words).inheritIO().start();
    assertThat(process.waitFor()).as(List.of(words).toString()).isZero();
  }

  @Test
  void fileSystemsAreFrozenForACutAndThawedAfterwardsWhateverHappens() throws Exception {
    awaitWrites();
    GuestAgent agent = guest.agent().orElseThrow();
    GuestShadow shadow =
        GuestShadow.create(
                ShadowPlan.of(guest.spec(), guest.identity().orThrow(), lab.directory("shadow")),
                ShadowMode.WARM,
                lab.settings())
            .orThrow();
    // As somebody leaves it who dies in the middle of a cut.
    assertThat(agent.freeze(LIMIT).orThrow()).isEqualTo(1);
    boolean frozen = cutTwice(agent, shadow, 0);
    // An agent that did not answer in time has been passed over; on a busy machine it is tried
    // anew.
    for (int again = 1; again < 5 && !frozen; again++) {
      frozen = cutTwice(agent, shadow, 2L * again);
    }
    assertThat(frozen).as("frozen for its cuts").isTrue();

    // Frozen when it was cut, so it needs nobody's journal to be read.
    Path copy = shadow.plan().state().resolve("disk-0.img");
    run("/sbin/e2fsck", "-fn", copy.toString());

    guest.destroy(SOON).orThrow();
    guest = shadow.promote(OptionalLong.empty()).orThrow().guest();
    awaitWrites();
    assertThat(guest.agent().orElseThrow().frozen(LIMIT).orThrow())
        .as("thawed when it was promoted")
        .isFalse();
  }

  /** Whether its file systems were frozen for the cuts; after each they are not. */
  private boolean cutTwice(GuestAgent agent, GuestShadow shadow, long there) throws Exception {
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink()).after(there)) {
      assertThat(agent.frozen(LIMIT).orThrow()).as("thawed by who comes next").isFalse();
      long start = System.nanoTime();
      boolean frozen;
      try (StateSource.Hold hold = source.hold()) {
        frozen = isFrozen(hold.health());
      }
      System.out.printf("a cut with a freeze took %.1f ms%n", (System.nanoTime() - start) / 1e6);
      assertThat(agent.frozen(LIMIT).orThrow()).as("thawed after a cut").isFalse();
      frozen &= isFrozen(pump.epoch().health());
      awaitWrites();
      frozen &= isFrozen(pump.epoch().health());
      assertThat(agent.frozen(LIMIT).orThrow()).isFalse();
      awaitWrites();
      return frozen;
    }
  }

  private static boolean isFrozen(HealthSnapshot health) {
    return Double.valueOf(1).equals(health.vitals().get("guest.frozenFileSystems"));
  }

  @Test
  void aCutThatFailsLeavesNothingFrozenAndAnAgentThatIsSilentStopsNoCut() throws Exception {
    awaitWrites();
    GuestAgent agent = guest.agent().orElseThrow();
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow()) {
      // Devices can't be saved into a directory.
      Files.deleteIfExists(guest.home().deviceState());
      Files.createDirectory(guest.home().deviceState());
      try {
        org.assertj.core.api.Assertions.assertThatThrownBy(source::hold)
            .isInstanceOf(CaptureFailedException.class);
      } finally {
        Files.deleteIfExists(guest.home().deviceState());
      }
      assertThat(agent.frozen(LIMIT).orThrow()).isFalse();
      awaitWrites();
    }

    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow()) {
      guest.qmp().execute(QmpCommand.of("chardev-remove").with("id", "agent"));
      try (StateSource.Hold hold = source.hold()) {
        assertThat(hold.still()).isTrue();
      }
    }
  }

  /** It writes to its disk, so nothing is frozen for good. */
  private void awaitWrites() throws InterruptedException {
    long before = writes();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (writes() < before + 10) {
      assertThat(System.nanoTime()).as("the guest writes").isLessThan(until);
      Thread.sleep(50);
    }
  }

  private long writes() {
    return guest.counters().orThrow().disks().values().stream()
        .mapToLong(io -> io.writeOperations())
        .sum();
  }
}
