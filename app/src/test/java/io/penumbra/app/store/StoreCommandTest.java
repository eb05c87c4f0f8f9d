package io.penumbra.app.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.simulator.scenario.RecordFile;
import io.penumbra.tiers.VmRules;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
