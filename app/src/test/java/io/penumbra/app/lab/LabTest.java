package io.penumbra.app.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A real guest, killed in every way there is, by the production control plane. {@code
 * -Dpenumbra.lab.kills=200} for a long run.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class LabTest {

  private static final int KILLS =
      Integer.getInteger("penumbra.lab.kills", "true".equals(System.getenv("CI")) ? 15 : 4);

  @Test
  void everyWriteThatWasAcknowledgedIsThereAfterEveryKillWhenRequestsAreReplayed()
      throws Exception {
    List<KillFigures> kills = kill("replay");

    assertThat(kills).hasSize(KILLS).allSatisfy(one -> assertThat(one.lost()).isZero());
  }

  @Test
  void noClientEverHeardOfAWriteThatIsGoneWhenResponsesWaitForTheirEpoch() throws Exception {
    List<KillFigures> kills = kill("output-commit");

    assertThat(kills).hasSize(KILLS).allSatisfy(one -> assertThat(one.lost()).isZero());
  }

  @Test
  void aThirdHostGoesOnFromTheTierStoreWhenTheHostsOfGuestAndShadowDieTogether() throws Exception {
    List<KillFigures> kills = kill("async", ShadowMode.COLD, LabSettings.Kill.PAIR, 1);

    assertThat(kills).hasSize(1).allSatisfy(one -> assertThat(one.served()).isPositive());
  }

  private static List<KillFigures> kill(String commit) throws IOException, InterruptedException {
    return kill(commit, ShadowMode.WARM, LabSettings.Kill.MIXED, KILLS);
  }

  private static List<KillFigures> kill(
      String commit, ShadowMode mode, LabSettings.Kill what, int count)
      throws IOException, InterruptedException {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!"true".equals(System.getenv("CI"))) {
      Assumptions.assumeTrue(root, "the lab's hosts are network namespaces, which need root");
    }
    // Sockets lie in it, and their paths have to be short.
    Path directory = Files.createTempDirectory("plab");
    LabSettings settings =
        new LabSettings(
            directory,
            Path.of(System.getProperty("user.home"), ".cache", "penumbra"),
            count,
            what,
            mode,
            commit,
            256,
            Duration.ofMillis(200),
            2,
            Duration.ofMillis(500),
            true,
            Long.getLong("penumbra.lab.seed", 1));
    List<KillFigures> kills = new ArrayList<>();
    try (Lab lab = new Lab(settings, LabTest::say)) {
      lab.startGuest();
      RedisWriter writer = lab.writer();
      writer.start();
      for (int i = 1; i <= count; i++) {
        KillFigures one = lab.kill(i, writer);
        say(one.toString());
        kills.add(one);
      }
      assertThat(lab.watch().looks()).as("looks at who serves").isPositive();
      assertThat(lab.watch().breaches()).as("moments at which two could serve").isEmpty();
    } finally {
      remove(directory);
    }
    assertThat(Leftovers.of(directory)).as("what the lab leaves behind").isEmpty();
    return kills;
  }

  private static void say(String line) {
    System.out.println(line);
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
