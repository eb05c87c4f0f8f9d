package io.penumbra.app.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.scenario.RecordFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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
    assertThat(run("gc", "--store", bench)).isZero();
    assertThat(out.toString()).contains("0 manifests removed");
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
        """);

    StoreFile read = RecordFile.read(file, StoreFile.defaults());

    assertThat(read.storage().directory()).isEqualTo(directory.resolve("ssd"));
    assertThat(read.storage().objects().s3().orElseThrow().bucket()).isEqualTo("shadows");
    assertThat(read.storage().encryption().keysEnv()).isEqualTo("KEYS");
    assertThat(read.storage().rules().vmBytesMax()).isEqualTo(50L << 20);
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
