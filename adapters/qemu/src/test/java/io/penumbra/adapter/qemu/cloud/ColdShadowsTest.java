package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.agent.EpochStore;
import io.penumbra.adapter.qemu.agent.OwnCaps;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
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
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Cold shadows of a real guest, whose epochs are in a tier store with keys: three hosts with stores
 * of their own over one object tier.
 */
@Timeout(400)
class ColdShadowsTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");
  private static final HostId THREE = HostId.of("h3");
  private static final Resources SIZE = new Resources(1, 128, 1);
  private static final Outcome DONE = new Outcome.Done();
  private static final String KEYS =
      "naming ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=;"
          + "key 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=;active 1";

  private static LabGuest image;

  private Path directory;
  private TestController controller;
  private final TreeMap<HostId, TestHost> hosts = new TreeMap<>();
  private final TreeMap<HostId, Integer> ports = new TreeMap<>();
  private final List<StoreOpening.OpenStore> stores = new ArrayList<>();
  private int commands;

  @BeforeAll
  static void build() {
    image = Lab.needed();
  }

  @BeforeEach
  void start() throws Exception {
    directory = ShortDirectory.create();
    // A link, for that can be led elsewhere at one moment, whoever writes just then.
    Files.createDirectory(directory.resolve("kept"));
    Files.createSymbolicLink(directory.resolve("objects"), directory.resolve("kept"));
    controller = TestController.start(directory.resolve("books.json"));
    for (HostId host : List.of(ONE, TWO, THREE)) {
      ports.put(host, TestHost.freePort());
      hosts.put(host, host(host.value()));
    }
    controller.await(Event.HostDiscovered.class, 3);
    controller.cloud().start(spec(image), ONE);
    controller.await(Event.VmCreated.class, 1);
    RedisClient.await(port(ONE), GuestOnHosts.BOOT).close();
  }

  private TestHost host(String name) throws IOException {
    StorageSettings usual = StorageSettings.defaults();
    StorageSettings settings =
        new StorageSettings(
            directory.resolve("store-" + name),
            usual.ssd(),
            usual.cache(),
            usual.packs(),
            new StorageSettings.Objects(
                Optional.empty(),
                Optional.of(directory.resolve("objects")),
                0,
                Duration.ofMillis(50),
                Duration.ofMillis(200)),
            new StorageSettings.Encryption(Optional.empty(), "KEYS"),
            usual.retention(),
            usual.vms(),
            usual.keeping(),
            usual.costs());
    StoreOpening.OpenStore open =
        new StoreOpening(
                settings,
                InstantSource.system(),
                variable -> variable.equals("KEYS") ? KEYS : "",
                "store-of-" + name,
                System.out::println)
            .open();
    stores.add(open);
    LaunchSettings launch =
        TrackingLibrary.in(TrackingLibrary.usualCache())
            .found()
            .map(LaunchSettings.DEFAULT::withTracking)
            .orElse(LaunchSettings.DEFAULT);
    return TestHost.with(
        directory,
        name,
        controller.address(),
        new QemuHypervisor(
            directory.resolve(name),
            name,
            launch,
            OwnCaps.NONE,
            Optional.of(
                new EpochStore(open.store(), EpochStore.Acked.IN_OBJECTS, System.out::println))));
  }

  @AfterEach
  void stop() throws Exception {
    for (TestHost host : hosts.values()) {
      host.close();
      host.removeGuests(VM);
    }
    controller.close();
    for (StoreOpening.OpenStore store : stores) {
      store.close();
    }
    ShortDirectory.delete(directory);
  }

  private VmSpec spec(LabGuest image) {
    GuestSpec guest =
        GuestSpec.of(VM, 128, image.redis())
            .withForwards(List.of(new PortForward("127.0.0.1", port(ONE), 6379)));
    JsonNode node =
        QemuHypervisor.describe(
            guest, TWO.value(), List.of(new PortForward("127.0.0.1", port(TWO), 6379)));
    return TestHost.spec(VM.value())
        .withGuest(
            QemuHypervisor.alsoOn(
                node, THREE.value(), List.of(new PortForward("127.0.0.1", port(THREE), 6379))),
            new VmSpec.ServiceCheck(
                "6379", VmSpec.ServiceCheck.Kind.RESP, "", Duration.ofSeconds(1)));
  }

  private int port(HostId host) {
    return Optional.ofNullable(ports.get(host)).orElseThrow();
  }

  private TestHost at(HostId host) {
    return Optional.ofNullable(hosts.get(host)).orElseThrow();
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  private Outcome create(HostId host, ShadowMode mode, boolean fromStore) throws Exception {
    return controller.run(
        new Command.CreateShadow(
            next(), VM, ONE, host, mode, SIZE, Duration.ofMillis(400), false, fromStore));
  }

  private long ackedOnTwo() {
    return controller.instance(at(TWO), VM).orElseThrow().epoch();
  }

  private void awaitAck() throws Exception {
    long now = controller.instance(at(ONE), VM).orElseThrow().epoch();
    controller.until("a cut after this is acked", () -> ackedOnTwo() > now);
  }

  private void write(int from, int to) throws IOException {
    try (RedisClient redis = RedisClient.to(port(ONE))) {
      for (int i = from; i < to; i++) {
        redis.set("key-" + i, "value-" + i);
      }
    }
  }

  private void takeOver(HostId host) throws Exception {
    assertThat(controller.run(new Command.AllocateShadow(next(), VM, host, SIZE))).isEqualTo(DONE);
    Outcome outcome = controller.run(new Command.SyncLast(next(), VM, host, Optional.empty()));
    assertThat(outcome).isInstanceOf(Outcome.Synced.class);
    Outcome.Synced state = (Outcome.Synced) outcome;
    assertThat(
            controller.run(new Command.Activate(next(), VM, host, state.epoch(), state.term() + 1)))
        .isEqualTo(DONE);
  }

  private void expect(HostId host, int keys) throws Exception {
    try (RedisClient redis = RedisClient.await(port(host), GuestOnHosts.BOOT)) {
      assertThat(redis.size()).isEqualTo(keys);
      assertThat(redis.get("key-" + (keys - 1))).isEqualTo("value-" + (keys - 1));
    }
  }

  private void lose(HostId host) throws Exception {
    TestHost lost = at(host);
    hosts.remove(host);
    lost.close();
    lost.removeGuests(VM);
  }

  @Test
  void aThirdHostGoesOnFromTheStoreWhenPrimaryAndShadowAreBothGone() throws Exception {
    assertThat(create(TWO, ShadowMode.COLD, false)).isEqualTo(DONE);
    write(0, 100);
    awaitAck();
    assertThat(Files.exists(Path.of("/dev/shm"))).isTrue();
    assertThat(memoryOf(TWO)).as("memory that the cold shadow takes").isEmpty();

    long killed = System.nanoTime();
    at(ONE).killGuest(VM);
    lose(ONE);
    lose(TWO);
    assertThat(create(THREE, ShadowMode.COLD, true)).isEqualTo(DONE);
    long restored = System.nanoTime();
    takeOver(THREE);
    expect(THREE, 100);
    System.out.printf(
        "both gone; restored %.0f ms, served %.0f ms%n",
        (restored - killed) / 1e6, (System.nanoTime() - killed) / 1e6);
    // It goes on in the same line of epochs, under its own term, and is kept by nobody else.
    assertThat(controller.verify(VM, THREE)).isEqualTo(DONE);
  }

  @Test
  void theShadowTurnsWarmAndColdUnderLoadAndCanAlwaysTakeOver() throws Exception {
    assertThat(create(TWO, ShadowMode.COLD, false)).isEqualTo(DONE);
    int written = 0;
    for (ShadowMode mode :
        List.of(ShadowMode.WARM, ShadowMode.COLD, ShadowMode.WARM, ShadowMode.COLD)) {
      write(written, written + 50);
      written += 50;
      awaitAck();
      long before = ackedOnTwo();
      assertThat(controller.run(new Command.ChangeShadowMode(next(), VM, TWO, mode)))
          .isEqualTo(DONE);
      assertThat(ackedOnTwo())
          .as("acked epoch after it turned " + mode)
          .isGreaterThanOrEqualTo(before);
      assertThat(memoryOf(TWO).isPresent()).isEqualTo(mode == ShadowMode.WARM);
    }
    write(written, written + 50);
    written += 50;
    awaitAck();

    at(ONE).killGuest(VM);
    assertThat(controller.fence(new Command.FenceVm(next(), VM, ONE)))
        .isInstanceOf(FencingResult.Fenced.class);
    takeOver(TWO);
    expect(TWO, written);
  }

  @Test
  void nothingIsAckedWhileTheStoreIsAwayAndAllOfItWhenItIsBack() throws Exception {
    assertThat(create(TWO, ShadowMode.COLD, false)).isEqualTo(DONE);
    awaitAck();
    Path objects = directory.resolve("objects");
    Path other = Files.writeString(directory.resolve("other"), "no directory");
    Files.move(other, objects, StandardCopyOption.ATOMIC_MOVE);
    Thread.sleep(1_500);
    controller.until(
        "the store is missed", () -> stores.get(1).store().health().away().isPresent());
    long stuck = ackedOnTwo();
    write(0, 30);
    Thread.sleep(1_500);
    assertThat(ackedOnTwo()).as("acked while the store was away").isEqualTo(stuck);
    assertThat(stores.get(1).store().health().away()).isPresent();

    Files.createSymbolicLink(other, directory.resolve("kept"));
    Files.move(other, objects, StandardCopyOption.ATOMIC_MOVE);
    awaitAck();
    lose(ONE);
    lose(TWO);
    assertThat(create(THREE, ShadowMode.COLD, true)).isEqualTo(DONE);
    takeOver(THREE);
    expect(THREE, 30);
  }

  @Test
  void anEpochThatHasRottedInTheStoreIsPassedOverForTheOneBefore() throws Exception {
    assertThat(create(TWO, ShadowMode.COLD, false)).isEqualTo(DONE);
    write(0, 20);
    awaitAck();
    long whole = ackedOnTwo();
    write(20, 40);
    awaitAck();
    lose(ONE);
    lose(TWO);
    rotNewest(whole);

    assertThat(create(THREE, ShadowMode.COLD, true)).isEqualTo(DONE);

    takeOver(THREE);
    try (RedisClient redis = RedisClient.await(port(THREE), GuestOnHosts.BOOT)) {
      assertThat(redis.size()).isGreaterThanOrEqualTo(20);
    }
  }

  /** Damages the newest pack, in which there are chunks of the newest epoch only. */
  private void rotNewest(long after) throws IOException {
    Path packs = directory.resolve("objects/objects/packs/store-of-h2");
    try (var files = Files.list(packs)) {
      Path newest =
          files
              .max((one, other) ->
                  one.getFileName()
                      .toString()
                      .substring(2)
                      .compareTo(other.getFileName().toString().substring(2)))
              .orElseThrow();
      byte[] content = Files.readAllBytes(newest);
      for (int i = 16; i < content.length - 4_096; i += 512) {
        content[i] ^= 1;
      }
      Files.write(newest, content);
      assertThat(after).isPositive();
    }
  }

  /** The file in memory that holds the guest's, if there is one. */
  private Optional<Path> memoryOf(HostId host) throws IOException {
    try (var files = Files.list(Path.of("/dev/shm"))) {
      String mark = directory.resolve(host.value()).toString().substring(1).replace('/', '-');
      return files
          .filter(file -> file.getFileName().toString().contains(mark))
          .filter(file -> !file.toString().endsWith(".devices"))
          .findFirst();
    }
  }
}
