package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.agent.EpochStore;
import io.penumbra.adapter.qemu.agent.Hypervisor;
import io.penumbra.adapter.qemu.agent.OwnCaps;
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
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Cold shadows whose epochs go to a real S3 server, over a wire that can be cut: three hosts with
 * an SSD each and nothing else in common.
 */
@Timeout(400)
class S3ColdShadowsTest {

  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");
  private static final HostId THREE = HostId.of("h3");
  private static final String KEYS =
      "naming ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=;"
          + "key 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=;active 1";

  private final List<StoreOpening.OpenStore> stores = new ArrayList<>();
  private Path stored;
  private S3Server server;
  private Relay wire;
  private GuestOnHosts hosts;

  @BeforeEach
  void start() throws Exception {
    stored = ShortDirectory.create();
    server = S3Server.over(stored.resolve("objects"));
    wire = Relay.to("127.0.0.1:" + server.port());
    hosts = GuestOnHosts.start(List.of(ONE, TWO, THREE), this::withStore);
    Path disk = GuestImages.disk(hosts.file("a.qcow2"), "qcow2");
    hosts.boot(
        GuestSpec.of(
                GuestOnHosts.VM,
                128,
                LabGuest.in(TrackingLibrary.usualCache()).orThrow().redisAndDisk())
            .withVcpus(2)
            .withDisks(List.of(Disk.qcow2("disk-0", disk))));
  }

  private Hypervisor withStore(Path directory, HostId host) throws IOException {
    StorageSettings usual = StorageSettings.defaults();
    StorageSettings settings =
        new StorageSettings(
            stored.resolve("store-" + host),
            usual.ssd(),
            usual.cache(),
            usual.packs(),
            new StorageSettings.Objects(
                Optional.of(
                    new StorageSettings.S3(
                        "http://" + wire.address(),
                        "us-east-1",
                        "penumbra",
                        "cold/",
                        "ACCESS",
                        "SECRET",
                        Duration.ofSeconds(30),
                        3)),
                Optional.empty(),
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
                variable ->
                    switch (variable) {
                      case "KEYS" -> KEYS;
                      case "ACCESS" -> S3Server.ACCESS;
                      case "SECRET" -> S3Server.SECRET;
                      default -> "";
                    },
                "store-of-" + host,
                System.out::println)
            .open();
    stores.add(open);
    return new QemuHypervisor(
        directory.resolve(host.value()),
        host.value(),
        Lab.usual(),
        OwnCaps.NONE,
        Optional.of(
            new EpochStore(open.store(), EpochStore.Acked.IN_OBJECTS, System.out::println)));
  }

  @AfterEach
  void stop() throws Exception {
    try {
      hosts.close();
      for (StoreOpening.OpenStore store : stores) {
        store.close();
      }
    } finally {
      server.stop();
      wire.close();
      ShortDirectory.delete(stored);
    }
  }

  @Test
  void aTakeoverWaitsForNoSilentS3AndAThirdHostGoesOnFromItAlone() throws Exception {
    hosts.protect(ONE, TWO, ShadowMode.COLD);
    takeOverWhileNobodyAnswers();
    hosts.settle(TWO, ONE);
    wire.heal();

    hosts.protect(TWO, ONE, ShadowMode.COLD);
    goOnFromS3Alone();
  }

  /** From the first host to the second, which has a copy of its own. */
  private void takeOverWhileNobodyAnswers() throws Exception {
    Thread writer = hosts.writer(ONE);
    hosts.awaitAck(ONE, TWO);
    int sure = hosts.answered();
    // Whoever asks waits 30 s for an answer, three times.
    wire.cut();
    long acked = hosts.epoch(TWO);
    Thread.sleep(1_500);
    assertThat(hosts.epoch(TWO)).as("acked while nobody answers").isLessThan(acked + 4);

    long killed = System.nanoTime();
    Outcome.Synced last = hosts.die(ONE, TWO);
    writer.join();
    hosts.activate(TWO, last);
    double waited = (System.nanoTime() - killed) / 1e9;

    hosts.expectKeys(TWO, sure);
    System.out.printf("with a silent object tier a takeover waited %.2f s%n", waited);
    assertThat(waited).as("less than one answer is waited for").isLessThan(25);
  }

  /** From the second host to the third, when the first is lost as well. */
  private void goOnFromS3Alone() throws Exception {
    Thread writer = hosts.writer(TWO);
    hosts.awaitAck(TWO, ONE);
    int sure = hosts.answered();
    hosts.awaitAck(TWO, ONE);

    long killed = System.nanoTime();
    hosts.kill(TWO);
    writer.join();
    hosts.lose(TWO);
    hosts.lose(ONE);
    hosts.restore(TWO, THREE);
    long restored = System.nanoTime();
    Outcome.Synced last = hosts.sync(THREE);
    long counted = GuestImages.countedIn(hosts.state(THREE, "ram"));
    assertThat(GuestImages.countedOn(hosts.state(THREE, "disk-0")).getFirst())
        .as("written to its disk, of what is counted in memory")
        .isBetween(counted - 1, counted);
    hosts.activate(THREE, last);

    hosts.expectKeys(THREE, sure);
    System.out.printf(
        "both gone; %s: restored %.0f ms, served %.0f ms%n",
        server.name(), (restored - killed) / 1e6, (System.nanoTime() - killed) / 1e6);
  }
}
