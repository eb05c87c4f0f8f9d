package io.penumbra.tiers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.twin.StoreLife;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real process is killed by SIGKILL at any moment of putting, committing, moving and collecting,
 * and started again on what it left; whatever it was promised has to be there. {@code
 * -Dpenumbra.kills=200} kills it more often. Power cuts are the business of {@link CrashPointTest}.
 */
class KillNineTest {

  private static final int KILLS = Integer.getInteger("penumbra.kills", 10);
  private static final long SEED = Long.getLong("penumbra.seed", 20261121);

  @TempDir private Path directory;
  private final TreeMap<VmId, Ack> acked = new TreeMap<>();
  private final AtomicInteger acks = new AtomicInteger();

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory
  KillNineTest() {}

  private record Ack(long version, long epoch) {}

  @Test
  void whateverWasAcknowledgedSurvivesAKillAtAnyMoment() throws Exception {
    SplittableRandom dice = new SplittableRandom(SEED);
    for (int kill = 1; kill <= KILLS; kill++) {
      try {
        liveAndDie(dice.nextLong(), dice.nextInt(50, 1_200), kill % 2 == 0);
        check();
      } catch (AssertionError | RuntimeException | IOException e) {
        throw new AssertionError(
            "after kill %d of %d; again with -Dpenumbra.seed=%d -Dpenumbra.kills=%d"
                .formatted(kill, KILLS, SEED, KILLS),
            e);
      }
    }
    System.out.printf("%d kills, %d acknowledged epochs%n", KILLS, acks.get());
    assertThat(acks.get()).as("acknowledged epochs").isGreaterThan(KILLS);
  }

  /**
   * Kills it so long after it was ready, or after its first epochs: on a busy machine these take
   * longer than most of them live.
   */
  private void liveAndDie(long seed, int millis, boolean afterSome) throws Exception {
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                StoreLife.class.getName(),
                directory.toString(),
                Long.toString(seed))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader lines = process.inputReader(UTF_8)) {
      assertThat(lines.readLine()).as("first word of the process").isEqualTo("ready");
      for (int epochs = 0; afterSome && epochs < 3; epochs++) {
        note(lines.readLine().split(" ", -1));
      }
      Thread killer =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  Thread.sleep(millis);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                // Not by the process itself, which would close what it said before it is read.
                process.toHandle().destroyForcibly();
              });
      String line = lines.readLine();
      while (line != null) {
        note(line.split(" ", -1));
        line = lines.readLine();
      }
      killer.join();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private void note(String... words) {
    assertThat(words[0]).as("what the process says: %s", List.of(words)).isEqualTo("acked");
    if (words.length == 4 && !words[3].isEmpty()) {
      acked.put(VmId.of(words[1]), new Ack(Long.parseLong(words[2]), Long.parseLong(words[3])));
      acks.incrementAndGet();
    }
  }

  private void check() throws IOException {
    try (StoreOpening.OpenStore open = StoreLife.open(directory)) {
      ManifestStore manifests = open.store().manifests();
      for (VmId vm : ((ManifestStore.Vms.Known) manifests.vms()).vms()) {
        List<Long> versions = ((ManifestStore.Versions.Known) manifests.versions(vm)).versions();
        Ack ack = acked.getOrDefault(vm, new Ack(0, 0));
        assertThat(versions.getLast()).as("newest of %s", vm).isGreaterThanOrEqualTo(ack.version());
        for (long version : versions) {
          Manifest manifest = restore(open.store(), vm, version);
          if (version == ack.version()) {
            assertThat(manifest.epoch()).as("epoch of %s", vm).isEqualTo(ack.epoch());
          }
        }
      }
      assertThat(((ManifestStore.Vms.Known) manifests.vms()).vms()).containsAll(acked.keySet());
    }
  }

  private static Manifest restore(TieredChunkStore store, VmId vm, long version) {
    ManifestStore.Reading reading = store.manifests().read(vm, version);
    assertThat(reading).isInstanceOf(ManifestStore.Reading.Found.class);
    Manifest manifest = ((ManifestStore.Reading.Found) reading).manifest();
    ByteBuffer numbers = manifest.body();
    for (ChunkId id : manifest.chunks()) {
      assertThat(store.get(id))
          .as("%s version %d", vm, version)
          .isEqualTo(new Found(StoreLife.content(numbers.getLong())));
    }
    if (manifest.base() != 0) {
      restore(store, vm, manifest.base());
    }
    return manifest;
  }
}
