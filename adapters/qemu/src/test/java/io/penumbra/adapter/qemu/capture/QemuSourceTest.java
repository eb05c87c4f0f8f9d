package io.penumbra.adapter.qemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.Finding;
import io.penumbra.adapter.qemu.guest.GuestCheck;
import io.penumbra.adapter.qemu.guest.GuestDiscovery;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.guest.RunningGuest;
import io.penumbra.adapter.qemu.lab.EpochPump;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.adapter.qemu.lab.Redis;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.Promotion;
import io.penumbra.adapter.qemu.shadow.ShadowPlan;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.StateSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A real guest of two virtual CPUs with two disks, one raw and one qcow2, which it writes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QemuSourceTest {

  private static final Duration BOOT = Duration.ofMinutes(2);
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final long DISK_BYTES = 32L << 20;

  private final Lab lab;
  private QemuGuest guest;
  private final Path raw;
  private final Path qcow2;

  /** Without QEMU this is where the class is skipped, with nothing to clear up. */
  QemuSourceTest() throws IOException, InterruptedException {
    lab = Lab.open("disks");
    raw = lab.directory("a.raw");
    qcow2 = lab.directory("b.qcow2");
    image("create", "-q", "-f", "raw", raw.toString(), Long.toString(DISK_BYTES));
    image("create", "-q", "-f", "qcow2", qcow2.toString(), Long.toString(DISK_BYTES));
    GuestSpec spec =
        GuestSpec.of(VmId.of("db"), 128, lab.image().redisAndDisk())
            .withVcpus(2)
            .withDisks(List.of(Disk.raw("disk-0", raw), Disk.qcow2("disk-1", qcow2)))
            .withForwards(lab.spec("db").forwards());
    guest = QemuGuest.launch(spec, GuestHome.in(lab.directory("guest")), lab.settings()).orThrow();
  }

  @BeforeAll
  void boot() {
    Redis.at(guest.hostPort(6379).orElseThrow(), BOOT).close();
  }

  @AfterAll
  void end() throws IOException {
    guest.destroy(SOON).orThrow();
    lab.close();
  }

  private static void image(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("qemu-img"));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).as(command.toString()).isZero();
  }

  @Test
  void whatTheKernelTellsIsWhatComparingFinds() throws IOException {
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        Arena arena = Arena.ofConfined();
        Redis redis = Redis.at(guest.hostPort(6379).orElseThrow(), SOON)) {
      // A kernel before 6.7 can't tell; then there is nothing to hold against comparing.
      assumeTrue(
          "true".equals(System.getenv("CI")) || source.whyNotTracked().isEmpty(),
          () -> "not tracked: " + source.whyNotTracked().orElse(""));
      assertThat(source.whyNotTracked()).as("why not tracked").isEmpty();
      MemorySegment copy = arena.allocate(guest.spec().memoryBytes(), PageSize.BYTES);
      int differing = 0;
      int told = 0;
      for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 50; i++) {
          redis.ask("SET", "k" + round + "-" + i, "v" + i);
        }
        try (StateSource.Hold hold = source.hold()) {
          MemorySegment live = hold.region(0);
          BitSet tracked = hold.mayHaveChanged(0).orElseThrow();
          BitSet different = differing(live, copy);
          BitSet untold = (BitSet) different.clone();
          untold.andNot(tracked);
          assertThat(untold).as("changed, and the kernel did not tell").isEqualTo(new BitSet());
          copy.copyFrom(live);
          if (round > 0) {
            differing += different.cardinality();
            told += tracked.cardinality();
          }
        }
      }
      assertThat(told)
          .as("pages told for %d that differ", differing)
          .isLessThan(4 * differing + 1000);
    }
  }

  @Test
  void doctorFindsNothingThatThisGuestLacks() {
    RunningGuest found =
        GuestDiscovery.find().stream()
            .filter(running -> running.pid() == guest.pid())
            .findFirst()
            .orElseThrow();

    assertThat(found.name()).isEqualTo("db");
    assertThat(found.monitor()).contains(guest.home().monitor());
    assertThat(GuestCheck.check(found, guest.qmp()))
        .allSatisfy(finding -> assertThat(finding).isInstanceOf(Finding.Fine.class));
  }

  private static BitSet differing(MemorySegment live, MemorySegment copy) {
    BitSet pages = new BitSet();
    long at = 0;
    while (at < live.byteSize()) {
      long equal = MemorySegment.mismatch(live, at, live.byteSize(), copy, at, live.byteSize());
      if (equal < 0) {
        break;
      }
      int page = (int) ((at + equal) >>> PageSize.SHIFT);
      pages.set(page);
      at = (page + 1L) << PageSize.SHIFT;
    }
    return pages;
  }

  @Test
  void disksAreOfTheSameMomentAsMemory() throws IOException, InterruptedException {
    GuestShadow shadow =
        GuestShadow.create(
                ShadowPlan.of(guest.spec(), guest.identity().orThrow(), lab.directory("shadow")),
                ShadowMode.WARM,
                lab.settings())
            .orThrow();
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      for (int round = 0; round < 3; round++) {
        awaitWrites();
        pump.epoch();
      }
      awaitWrites();
      guest.pause().orThrow();
      pump.epoch();

      Path state = shadow.plan().state();
      assertThat(Files.mismatch(raw, state.resolve("disk-0.img"))).as("raw").isEqualTo(-1);
      Path converted = lab.directory("b.raw");
      image("convert", "-U", "-f", "qcow2", "-O", "raw", qcow2.toString(), converted.toString());
      assertThat(Files.mismatch(converted, state.resolve("disk-1.img"))).as("qcow2").isEqualTo(-1);
      assertThat(Files.readString(raw, StandardCharsets.ISO_8859_1))
          .contains("count 1 ")
          .contains("last ");
    }
    guest.destroy(SOON).orThrow();
    Promotion promotion = shadow.promote(OptionalLong.empty()).orThrow();
    guest = promotion.guest();
    assertThat(guest.counters().orThrow().disks()).containsKeys("disk-0", "disk-1");
    awaitWrites();
    assertThat(guest.counters().orThrow().vcpus()).hasSize(2);
  }

  private void awaitWrites() {
    long before = writes();
    long until = System.nanoTime() + SOON.toNanos();
    while (writes() < before + 4) {
      assertThat(System.nanoTime()).as("the guest writes to its disks").isLessThan(until);
      LockSupport.parkNanos(20_000_000);
    }
  }

  private long writes() {
    return guest.counters().orThrow().disks().values().stream()
        .mapToLong(disk -> disk.writeOperations())
        .sum();
  }
}
