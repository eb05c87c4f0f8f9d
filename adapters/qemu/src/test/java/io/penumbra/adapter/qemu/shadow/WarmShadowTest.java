package io.penumbra.adapter.qemu.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.capture.CaptureSettings;
import io.penumbra.adapter.qemu.capture.DeviceState;
import io.penumbra.adapter.qemu.capture.QemuSource;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.GuestRole;
import io.penumbra.adapter.qemu.guest.GuestStatus;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.lab.EpochPump;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.adapter.qemu.lab.Redis;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.scan.Cut;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** One real guest that dies again and again, and goes on each time from its shadow. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WarmShadowTest {

  private static final Duration BOOT = Duration.ofMinutes(2);
  private static final Duration SOON = Duration.ofSeconds(60);

  /** A capture without a packet is its header. */
  private static final int PCAP_HEADER_BYTES = 24;

  private final Lab lab;
  private QemuGuest guest;
  private int written;
  private int shadows;

  /** Without QEMU this is where the class is skipped, with nothing to clear up. */
  WarmShadowTest() throws IOException {
    lab = Lab.open("warm");
    guest =
        QemuGuest.launch(lab.spec("web"), GuestHome.in(lab.directory("first")), lab.settings())
            .orThrow();
  }

  @BeforeAll
  void boot() {
    redis().close();
  }

  @AfterAll
  void end() throws IOException {
    guest.destroy(SOON).orThrow();
    lab.close();
  }

  private Redis redis() {
    return Redis.at(guest.hostPort(6379).orElseThrow(), BOOT);
  }

  private void write(int keys) throws IOException {
    try (Redis redis = redis()) {
      for (int i = 0; i < keys; i++) {
        written++;
        assertThat(redis.ask("SET", "key-" + written, "value-" + written)).isEqualTo("OK");
      }
    }
  }

  private ShadowPlan plan() {
    shadows++;
    return ShadowPlan.of(
        guest.spec(), guest.identity().orThrow(), lab.directory("shadow-" + shadows));
  }

  private GuestShadow shadow(ShadowMode mode) {
    return GuestShadow.create(plan(), mode, lab.settings()).orThrow();
  }

  /** The guest dies, and the shadow is the guest. */
  private Promotion die(GuestShadow shadow, OptionalLong epoch) {
    guest.kill(SOON).orThrow();
    Promotion promotion = shadow.promote(epoch).orThrow();
    guest.destroy(SOON).orThrow();
    guest = promotion.guest();
    return promotion;
  }

  private void expectKeys(int keys) throws IOException {
    try (Redis redis = redis()) {
      assertThat(redis.keys()).isEqualTo(keys);
      assertThat(redis.ask("GET", "key-" + keys)).isEqualTo("value-" + keys);
    }
    written = keys;
  }

  @Test
  void aKilledGuestGoesOnWithExactlyTheKeysOfTheLastEpoch() throws IOException {
    Path packets = lab.directory("packets");
    ShadowPlan plan = plan();
    GuestShadow shadow =
        GuestShadow.create(plan, ShadowMode.WARM, lab.settings().withPacketCapture(packets))
            .orThrow();
    QemuGuest waiting = shadow.waiting().orElseThrow();
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      for (int round = 0; round < 4; round++) {
        write(100);
        pump.epoch();
      }
      int atTheCut = written;
      write(50);

      assertThat(waiting.status().orThrow().phase()).isEqualTo(GuestStatus.Phase.WAITING);
      assertThat(Files.size(packets)).as("packets of the shadow").isEqualTo(PCAP_HEADER_BYTES);
      assertThat(waiting.forwards().orThrow()).isEmpty();
      Promotion promotion = die(shadow, OptionalLong.empty());

      assertThat(promotion.epoch().epoch()).isEqualTo(pump.newest());
      assertThat(guest.role()).isEqualTo(GuestRole.PRIMARY);
      expectKeys(atTheCut);
      assertThat(Files.size(packets)).isGreaterThan(PCAP_HEADER_BYTES);
    }
  }

  @Test
  void anEpochThatWasAppliedInPartWhenTheAgentDiedIsWholeForTheNextOne() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.WARM);
    long pid = shadow.waiting().orElseThrow().pid();
    int atTheCut;
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      write(100);
      atTheCut = written;
      Cut cut = pump.epochNotApplied();
      applyHalf(cut, shadow.plan().ram());
    }
    shadow.close();

    GuestShadow adopted = GuestShadow.adopt(shadow.plan().directory(), lab.settings()).orThrow();

    assertThat(adopted.mode()).isEqualTo(ShadowMode.WARM);
    assertThat(adopted.waiting().orElseThrow().pid()).isEqualTo(pid);
    die(adopted, OptionalLong.empty());
    expectKeys(atTheCut);
  }

  private static void applyHalf(Cut cut, Path ram) throws IOException {
    long ramPages = Files.size(ram) >>> PageSize.SHIFT;
    try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      for (int i = 0; i < cut.pages().length / 2; i++) {
        int page = cut.pages()[i];
        if (page < ramPages) {
          file.write(
              cut.current()
                  .segment(page)
                  .asSlice(cut.current().offset(page), PageSize.BYTES)
                  .asByteBuffer(),
              (long) page << PageSize.SHIFT);
        }
      }
    }
  }

  /** As a promotion does, that nobody waits for any more. */
  private static void load(GuestShadow shadow, QemuGuest waiting) {
    RegionPages pages = (RegionPages) shadow.sink().view();
    DeviceLoad.into(waiting, DeviceState.read(pages.region(1)), shadow.plan().primary().machine())
        .orThrow();
  }

  @Test
  void devicesThatWereLoadedOnceAreNeverRunWithALaterMemory() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.WARM);
    int atTheCut;
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      QemuGuest late = shadow.waiting().orElseThrow();
      load(shadow, late);
      write(20);
      pump.epoch();
      atTheCut = written;
      write(20);
      guest.kill(SOON).orThrow();

      assertThat(shadow.promote(OptionalLong.empty())).isInstanceOf(Reply.Unknown.class);
      assertThat(late.isAlive()).isFalse();
    }
    die(shadow, OptionalLong.empty());
    expectKeys(atTheCut);
  }

  @Test
  void whatWasLoadedWhenTheAgentDiedWaitsNoMore() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.WARM);
    int atTheCut;
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      write(20);
      pump.epoch();
      atTheCut = written;
    }
    QemuGuest loaded = shadow.waiting().orElseThrow();
    load(shadow, loaded);
    shadow.close();

    GuestShadow adopted =
        GuestShadow.create(shadow.plan(), ShadowMode.WARM, lab.settings()).orThrow();

    assertThat(loaded.isAlive()).isFalse();
    assertThat(adopted.waiting().orElseThrow().status().orThrow().phase())
        .isEqualTo(GuestStatus.Phase.WAITING);
    die(adopted, OptionalLong.empty());
    expectKeys(atTheCut);
  }

  @Test
  void whatHasRunForAMomentIsNotGoneOnWithBeforeItIsFilledAnew() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.WARM);
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      write(20);
      pump.epoch();
    }
    QemuGuest ran = shadow.waiting().orElseThrow();
    load(shadow, ran);
    ran.serve().orThrow();
    LockSupport.parkNanos(300_000_000);
    shadow.close();

    GuestShadow adopted =
        GuestShadow.create(shadow.plan(), ShadowMode.WARM, lab.settings()).orThrow();

    assertThat(ran.isAlive()).isFalse();
    assertThat(adopted.promote(OptionalLong.empty()).refusal().orElseThrow())
        .contains("a guest has run on its memory or disks since epoch 2");
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, adopted.sink()).after(2)) {
      pump.epoch();
      int atTheCut = written;
      write(20);
      die(adopted, OptionalLong.empty());
      expectKeys(atTheCut);
    }
  }

  @Test
  void aShadowGoesBackToTheEpochThatIsTrusted() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.WARM);
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      write(20);
      pump.epoch();
      int trusted = written;
      write(20);
      pump.epoch();
      write(20);
      pump.epoch();

      assertThat(shadow.kept().orThrow().stream().map(EpochManifest::epoch))
          .containsExactly(1L, 2L, 3L, 4L);
      Promotion promotion = die(shadow, OptionalLong.of(2));

      assertThat(promotion.epoch().epoch()).isEqualTo(2);
      expectKeys(trusted);
    }
  }

  @Test
  void aShadowTurnsWarmAndColdWhileEpochsArrive() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.COLD);
    assertThat(shadow.waiting()).isEmpty();
    try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      pump.epoch();
      shadow.warmUp().orThrow();
      write(20);
      pump.epoch();
      assertThat(shadow.mode()).isEqualTo(ShadowMode.WARM);
      shadow.coolDown().orThrow();
      write(20);
      pump.epoch();
      int atTheCut = written;
      write(20);
      assertThat(shadow.mode()).isEqualTo(ShadowMode.COLD);

      die(shadow, OptionalLong.empty());

      expectKeys(atTheCut);
    }
  }

  @Test
  void aKeptEpochIsRestoredFromTheTierStoreWhereThereWasNothingOfIt() throws IOException {
    StoreOpening opening =
        new StoreOpening(
            StorageSettings.defaults().in(lab.directory("store")),
            InstantSource.system(),
            _ -> "",
            "test",
            _ -> {});
    try (StoreOpening.OpenStore open = opening.open()) {
      TierArchive archive =
          new TierArchive(
              guest.vm(),
              open.store().lane(guest.vm(), ShadowMode.COLD),
              open.store().manifests(),
              ShadowMode.COLD);
      GuestShadow follower = shadow(ShadowMode.COLD);
      int wanted = 0;
      try (QemuSource source = QemuSource.open(guest, CaptureSettings.DEFAULT).orThrow();
          EpochPump pump = new EpochPump(guest.vm(), source, follower.sink())) {
        for (int epoch = 1; epoch <= 3; epoch++) {
          write(20);
          Cut cut = pump.epoch();
          assertThat(
                  archive.keep(
                      follower.newest().orElseThrow(), cut.pages(), follower.sink().view()))
              .isInstanceOf(TierArchive.Keeping.Kept.class);
          wanted = epoch == 2 ? written : wanted;
        }
      }
      ShadowPlan elsewhere = plan();
      follower.delete().orThrow();

      GuestShadow restored =
          ArchiveRestore.of(elsewhere, archive, 2, ShadowMode.COLD, lab.settings()).orThrow();
      die(restored, OptionalLong.empty());

      expectKeys(wanted);
    }
  }

  @Test
  void whatAMigrationSavesAndComparingFindsIsAsGood() throws IOException {
    GuestShadow shadow = shadow(ShadowMode.WARM);
    CaptureSettings plainest = CaptureSettings.DEFAULT.comparing().migrating();
    try (QemuSource source = QemuSource.open(guest, plainest).orThrow();
        EpochPump pump = new EpochPump(guest.vm(), source, shadow.sink())) {
      assertThat(source.whyNotTracked()).isPresent();
      pump.epoch();
      write(20);
      pump.epoch();
      int atTheCut = written;
      write(20);

      die(shadow, OptionalLong.empty());

      expectKeys(atTheCut);
    }
  }

  @Test
  void aShadowThatCouldNotGoOnIsRefusedBeforeItIsNeeded() {
    GuestIdentity here = guest.identity().orThrow();
    ShadowPlan plan = plan();
    ShadowPlan otherMachine =
        new ShadowPlan(
            guest.spec().withHardware("pc", "qemu64"),
            here,
            plan.directory(),
            plan.ram(),
            plan.retention());
    ShadowPlan otherCpu =
        new ShadowPlan(
            guest.spec().withHardware("q35", "Nehalem"),
            here,
            plan.directory(),
            plan.ram(),
            plan.retention());

    Reply<GuestShadow> machine = GuestShadow.create(otherMachine, ShadowMode.WARM, lab.settings());
    Reply<GuestShadow> cpu = GuestShadow.create(otherCpu, ShadowMode.WARM, lab.settings());

    assertThat(machine.refusal().orElseThrow())
        .contains("machine type: primary has " + here.machine() + ", shadow would have pc-i440fx");
    assertThat(cpu.refusal().orElseThrow())
        .contains("CPU model: primary has qemu64, shadow would have Nehalem");
    assertThat(GuestShadow.create(plan, ShadowMode.COLD, lab.settings()).orThrow().delete())
        .isInstanceOf(Reply.Done.class);
    assertThat(plan.directory()).doesNotExist();
    assertThat(plan.ram()).doesNotExist();
  }

  @Test
  void aShadowWithoutAWholeEpochIsNotPromoted() {
    GuestShadow shadow = shadow(ShadowMode.WARM);

    Reply<Promotion> promoted = shadow.promote(OptionalLong.empty());

    assertThat(promoted.refusal().orElseThrow()).contains("no epoch of web has arrived whole");
    shadow.delete().orThrow();
  }

  @Test
  void anotherAgentProcessGoesOnWithAGuestThatWasLeftPausedInACut() throws IOException {
    guest.qmp().execute("stop").orThrow();
    guest.close();

    guest = QemuGuest.adopt(guest.home().directory(), SOON).orThrow();

    assertThat(guest.status().orThrow().phase()).isEqualTo(GuestStatus.Phase.PAUSED);
    assertThat(guest.isHeld()).isFalse();
    guest.resume().orThrow();
    guest.pause().orThrow();
    guest.close();
    guest = QemuGuest.adopt(guest.home().directory(), SOON).orThrow();
    assertThat(guest.isHeld()).isTrue();
    guest.resume().orThrow();
    write(1);
    assertThat(guest.counters().orThrow().process()).isPositive();
    assertThat(guest.counters().orThrow().vcpus()).hasSize(1);
  }
}
