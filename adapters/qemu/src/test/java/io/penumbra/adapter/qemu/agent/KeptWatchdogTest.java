package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class KeptWatchdogTest {

  @TempDir private Path directory;

  private long pid() throws IOException {
    String line = Files.readString(directory.resolve("host-1/watchdog.pid")).strip();
    return Long.parseLong(line.substring(0, line.indexOf(' ')));
  }

  private static String metrics(TestHost host) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create(host.client().address() + "/metrics")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void aWatchdogThatWasKilledIsReplacedAndCounted() throws Exception {
    try (TestHost host = TestHost.watched(directory, "host-1")) {
      long first = pid();
      assertThat(Signals.stat(first).alive()).isTrue();

      Signals.send(first, Signals.KILL);
      while (pid() == first) {
        Thread.sleep(20);
      }

      assertThat(Signals.stat(pid()).alive()).isTrue();
      // It is there before it is counted.
      while (metrics(host).contains("penumbra_agent_watchdog_restarts_total 0")) {
        Thread.sleep(20);
      }
      assertThat(metrics(host))
          .contains("penumbra_agent_watchdog_restarts_total 1")
          .contains("penumbra_agent_watchdog_missing 0");
    } finally {
      Signals.send(pid(), Signals.KILL);
    }
  }

  @Test
  void whatALostPowerLeftOfThePidFileKeepsNoAgentFromStarting() throws Exception {
    Files.createDirectories(directory.resolve("host-1"));
    Files.createFile(directory.resolve("host-1/watchdog.pid"));
    try (TestHost host = TestHost.watched(directory, "host-1")) {
      assertThat(host.instances()).isEmpty();
      assertThat(Signals.stat(pid()).alive()).isTrue();
    } finally {
      Signals.send(pid(), Signals.KILL);
    }
  }
}
