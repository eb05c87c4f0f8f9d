package io.penumbra.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code penumbra sync} says to somebody who got it wrong. */
class SyncCommandsTest {

  @TempDir private Path temp;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void anAddressThatIsNoneIsBadInput() throws IOException {
    Path image = Files.write(temp.resolve("disk.raw"), new byte[10]);

    assertThat(run("send", image.toString(), "--to", "somewhere")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("--to", "'somewhere'", "host:port");
  }

  @Test
  void aMissingOrEmptyImageIsBadInput() throws IOException {
    String missing = temp.resolve("missing.raw").toString();
    assertThat(run("send", missing, "--to", "localhost:1")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("missing.raw", "no such file");

    Path empty = Files.write(temp.resolve("empty.raw"), new byte[0]);
    assertThat(run("send", empty.toString(), "--to", "localhost:1")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("empty.raw", "is empty");
  }

  @Test
  void aKeyThatIsNoneSaysHowToMakeOne() throws IOException {
    Path image = Files.write(temp.resolve("disk.raw"), new byte[10]);
    Path key = Files.writeString(temp.resolve("vm.key"), "secret");

    assertThat(run("send", image.toString(), "--to", "h:1", "--key-file", key.toString()))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("vm.key", "openssl rand -hex 32").doesNotContain("secret");
  }

  @Test
  void aPortThatSomebodyUsesIsBadInput() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      assertThat(run("receive", "--dir", temp.resolve("copy").toString(), "--listen", address))
          .isEqualTo(ExitCode.BAD_INPUT);
      assertThat(err.toString()).contains("can't listen", "Choose");
    }
  }

  @Test
  void framesNeedOneCarrierThatIsThere() throws IOException {
    String image = Files.write(temp.resolve("disk.raw"), new byte[10]).toString();
    String copy = temp.resolve("copy").toString();

    assertThat(run("send", image)).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("--to: is missing, and --via is, too");
    assertThat(run("receive", "--dir", copy, "--listen", "h:1", "--via", "kafka:{}"))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("--listen: can't go with --via");
    assertThat(run("receive", "--dir", copy, "--via", "kafka:vm1")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("'kafka:vm1' has no {} in it");
    assertThat(run("receive", "--dir", copy, "--via", "pigeon:vm1-{}"))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("pigeon:vm1-pages", "PENUMBRA_LIBRARIES");
  }

  @Test
  void aDirectoryWithoutACopySaysSo() {
    assertThat(run("status", temp.toString())).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(run("restore", temp.toString(), "--to", temp.resolve("x").toString()))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("no copy is kept here", "--dir");
  }

  @Test
  void timesAndRatesAreWrittenAsPeopleDo() {
    assertThat(run("send", "x", "--to", "h:1", "--epoch", "soon")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("'soon' is no duration", "250ms");
    assertThat(run("send", "x", "--to", "h:1", "--bandwidth", "fast"))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("'fast' is no rate", "100M");
  }

  private int run(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "sync";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return Penumbra.run(new PrintWriter(out, true), new PrintWriter(err, true), all);
  }
}
