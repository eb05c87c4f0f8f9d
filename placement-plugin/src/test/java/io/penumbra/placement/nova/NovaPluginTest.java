package io.penumbra.placement.nova;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class NovaPluginTest {

  /** Debian's, because only that one sees Debian's Nova. */
  private static final String PYTHON = "/usr/bin/python3";

  @Test
  void everyTestOfThePythonPackagePasses() throws Exception {
    boolean hasNova = run(List.of(PYTHON, "-W", "ignore", "-c", "import nova")).status() == 0;
    if (!"true".equals(System.getenv("CI"))) {
      assumeTrue(hasNova, "needs Nova: apt-get install python3-nova");
    }

    Ended tests =
        run(
            List.of(
                PYTHON, "-W", "ignore", "-m", "unittest", "discover", "-s", "tests", "-t", "."));

    assertThat(tests.status()).as(tests.said()).isZero();
    assertThat(tests.said()).contains("OK").doesNotContain("skipped");
  }

  private record Ended(int status, String said) {}

  private static Ended run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .directory(Path.of("nova").toFile())
            .redirectErrorStream(true)
            .start();
    try {
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(said).isTrue();
      return new Ended(process.exitValue(), said);
    } catch (IOException e) {
      return new Ended(-1, e.toString());
    } finally {
      process.destroyForcibly();
    }
  }
}
