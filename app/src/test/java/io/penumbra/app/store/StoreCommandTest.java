package io.penumbra.app.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.scenario.RecordFile;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.VmRules;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class StoreCommandTest {

  @TempDir private Path directory;
  private final StringWriter out = new StringWriter();

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory
  StoreCommandTest() {}

  @Test
  void measuresAStoreAndThenTellsWhatIsInItAndThatItIsWhole() {
    String store = directory.toString();
    assertThat(run("bench", "--store", store, "--mib", "4")).isZero();
    assertThat(out.toString()).contains("put, durable").contains("MiB/s");

    String bench = directory.resolve("bench").toString();
    assertThat(run("stat", "--store", bench)).isZero();
    assertThat(out.toString()).contains("64   4.0 MiB kept").contains("USD a month");
    assertThat(run("verify", "--remote", "--store", bench)).isZero();
    assertThat(out.toString()).contains("0 damaged, 0 mended, 0 lost");
    assertThat(run("ls", "--store", bench)).isZero();
    assertThat(out.toString()).contains("0 VMs");
    assertThat(run("stat", "--store", bench)).isZero();
    assertThat(out.toString())
        .contains("% from SSD")
        .contains("packs sent")
        .contains("nothing waits");

    // Nothing names these chunks, and the command has the store to itself.
    assertThat(run("gc", "--store", bench, "--grace", "PT1H")).isZero();
    assertThat(out.toString()).contains("0 manifests removed, 0 kept; 0 chunks");
    assertThat(run("gc", "--store", bench)).isZero();
    assertThat(out.toString())
        .contains("0 manifests removed, 0 kept; 64 chunks (4.0 MiB) forgotten");
    assertThat(run("stat", "--store", bench)).isZero();
    assertThat(out.toString()).contains("0   0.0 MiB kept, 0.0 MiB of garbage");
  }

  @Test
  void forgetsAVmFromBesideTheStoreThatWroteIt() throws IOException {
    Path host = settings("host");
    keep(host, "web", Instant.now().minus(Duration.ofHours(2)), 1, 2);
    keep(host, "mail", Instant.now(), 2, 3);
    String operator = settings("operator").toString();

    assertThat(run("forget", "wep", "--settings", operator)).isEqualTo(2);
    assertThat(out.toString()).contains("wep: no epoch of such a VM").contains("mean web");
    assertThat(run("forget", "mail", "--yes", "--settings", operator)).isEqualTo(1);
    assertThat(out.toString()).contains("refused: the newest epoch of mail is PT").contains("PT1H");
    assertThat(run("forget", "web", "--settings", operator)).isZero();
    assertThat(out.toString())
        .contains("web: 1 epochs, up to v1, the newest cut at 2")
        .contains("2 chunks: ")
        .contains("by --yes");

    assertThat(run("forget", "web", "--yes", "--settings", operator)).isZero();
    assertThat(out.toString()).contains("1 epochs removed");
    assertThat(run("forget", "web", "--yes", "--settings", operator)).isZero();
    assertThat(out.toString()).contains("web: nothing of it is kept any more since 2");
    assertThat(run("gc", "--settings", host.toString())).isZero();
    assertThat(out.toString()).contains("1 chunks (0.1 MiB) forgotten");
    assertThat(run("verify", "--remote", "--settings", host.toString())).isZero();
    assertThat(out.toString()).contains("0 damaged, 0 mended, 0 lost");
    assertThat(run("ls", "--settings", host.toString())).isZero();
    assertThat(out.toString()).containsPattern("web +v2 +forgotten 2");
    assertMailIsWhole(host);
  }

  /** What decision 0034 tells an operator to do. */
  @Test
  void aLostHostsPacksAreCollectedByAStoreOfItsName() throws IOException {
    Path host = settings("host");
    keep(host, "web", Instant.now().minus(Duration.ofHours(2)), 1, 4, 5, 2);
    keep(host, "mail", Instant.now(), 2, 3);
    String name = Files.readString(directory.resolve("host/name"));
    Files.move(directory.resolve("host"), directory.resolve("lost"));
    String operator = settings("operator").toString();
    assertThat(run("forget", "web", "--yes", "--settings", operator)).isZero();
    assertThat(run("gc", "--settings", operator)).isZero();
    assertThat(out.toString()).as("of another's packs").contains("0 packs deleted");

    Path heir = settings("heir");
    Files.createDirectories(directory.resolve("heir"));
    Files.writeString(directory.resolve("heir/name"), name);
    assertThat(run("gc", "--settings", heir.toString())).isZero();

    assertThat(out.toString()).contains("3 chunks (0.2 MiB) forgotten; 1 packs deleted");
    assertMailIsWhole(heir);
    // What was rewritten has been sent, so the directory may go.
    Files.move(directory.resolve("heir"), directory.resolve("gone"));
    Files.createDirectories(directory.resolve("heir"));
    Files.writeString(directory.resolve("heir/name"), name);
    assertMailIsWhole(heir);
  }

  /** A store of its own over the object tier that all of them share. */
  private Path settings(String who) throws IOException {
    Path file = directory.resolve(who + ".yaml");
    Files.writeString(
        file, "storage:\n  directory: %s\n  objects: {directory: objects}\n".formatted(who));
    return file;
  }

  private static void keep(Path settings, String vm, Instant cutAt, int... seeds)
      throws IOException {
    try (OpenStore open = StoreFile.open(StoreFile.settings(settings), _ -> {})) {
      List<ChunkId> chunks = new ArrayList<>();
      for (int seed : seeds) {
        chunks.add(((ChunkStore.Put.Stored) open.store().put(noise(seed))).id());
      }
      assertThat(
              open.store()
                  .manifests()
                  .commit(
                      new Manifest(
                          VmId.of(vm),
                          1,
                          0,
                          cutAt,
                          ShadowMode.COLD,
                          chunks,
                          ByteBuffer.allocate(0)),
                      0))
          .isEqualTo(new ManifestStore.Commit.Committed(1));
      assertThat(open.store().flush().problem()).isEmpty();
    }
  }

  private static void assertMailIsWhole(Path settings) throws IOException {
    try (OpenStore open = StoreFile.open(StoreFile.settings(settings), _ -> {})) {
      ManifestStore.Reading newest = open.store().manifests().newest(VmId.of("mail"));
      List<ChunkId> chunks = ((ManifestStore.Reading.Found) newest).manifest().chunks();
      assertThat(chunks.stream().map(open.store()::get).toList())
          .isEqualTo(
              List.of(new ChunkStore.Got.Found(noise(2)), new ChunkStore.Got.Found(noise(3))));
    }
  }

  private static ByteBuffer noise(int seed) {
    byte[] content = new byte[64 << 10];
    new SplittableRandom(seed).nextBytes(content);
    return ByteBuffer.wrap(content);
  }

  @Test
  void findsTheKeyRingBesideTheFileThatNamesIt() throws IOException {
    Path file = directory.resolve("store.yaml");
    Files.writeString(file, "storage:\n  directory: ssd\n  encryption: {keysFile: keys}\n");
    Files.writeString(
        directory.resolve("keys"),
        """
        naming ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=
        key 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
        active 1
        """);

    assertThat(RecordFile.read(file, StoreFile.defaults()).storage().encryption().keysFile())
        .contains(directory.resolve("keys"));
    assertThat(run("bench", "--settings", file.toString(), "--mib", "1")).isZero();
    assertThat(out.toString()).contains("restore, object tier");
  }

  @Test
  void saysWhatToDoWhereThereIsNoStore() {
    assertThat(run("stat", "--store", directory.toString())).isEqualTo(2);
    assertThat(out.toString()).contains("holds no chunk store").contains("--store DIR");
  }

  @Test
  void refusesAKeyThatNobodyKnowsAndNamesTheNearest() throws IOException {
    Path file = directory.resolve("store.yaml");
    Files.writeString(file, "storage:\n  ssd:\n    mibMaks: 10\n");

    assertThatThrownBy(() -> RecordFile.read(file, StoreFile.defaults()))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("mibMaks")
        .hasMessageContaining("maybe you mean mibMax");
  }

  @Test
  void readsAWholeFile() throws IOException {
    Path file = directory.resolve("store.yaml");
    Files.writeString(
        file,
        """
        storage:
          directory: ssd
          ssd: {mibMax: 1000, vmMibMax: 50}
          objects:
            s3: {endpoint: "https://s3.example.org", bucket: shadows}
          encryption: {keysEnv: KEYS}
          vms:
            vm-1: {newest: 10, keepFor: 7d, mibMax: 20}
        """);

    StoreFile read = RecordFile.read(file, StoreFile.defaults());

    assertThat(read.storage().directory()).isEqualTo(directory.resolve("ssd"));
    assertThat(read.storage().objects().s3().orElseThrow().bucket()).isEqualTo("shadows");
    assertThat(read.storage().encryption().keysEnv()).isEqualTo("KEYS");
    assertThat(read.storage().rules().of(VmId.of("vm-2")).bytesMax()).isEqualTo(50L << 20);
    assertThat(read.storage().rules().of(VmId.of("vm-1")))
        .isEqualTo(new VmRules(20L << 20, 10, Duration.ofDays(7)));
  }

  private int run(String... args) {
    CommandLine commandLine = new CommandLine(new StoreCommand());
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setExecutionExceptionHandler((thrown, _, _) -> {
      out.append(String.valueOf(thrown.getMessage()));
      if (thrown instanceof BadInputException bad) {
        out.append(bad.advice());
        return 2;
      }
      return 1;
    });
    return commandLine.execute(args);
  }
}
