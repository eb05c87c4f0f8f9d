package io.penumbra.app.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.guest.FileTree;
import io.penumbra.domain.policy.ShadowMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A host that only clients reach any more: neither the control plane nor its peers hear of it, and
 * its power switch doesn't answer. Everything on it lives and serves on.
 */
@Timeout(900)
class SplitBrainTest {

  private static final int KILLS = Integer.getInteger("penumbra.lab.splits", 1);

  @Test
  void theOldPrimaryStopsItselfBeforeItsShadowSaysAWordOnTheWire() throws Exception {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!"true".equals(System.getenv("CI"))) {
      Assumptions.assumeTrue(root, "the lab's hosts are network namespaces, which need root");
    }
    // Sockets lie in it, and their paths have to be short.
    Path directory = Files.createTempDirectory("plab");
    try (Lab lab = new Lab(settings(directory), SplitBrainTest::say)) {
      lab.startGuest();
      RedisWriter writer = lab.writer();
      writer.start();
      for (int i = 1; i <= KILLS; i++) {
        KillFigures split = lab.kill(i, writer);
        SplitCapture.Seen seen = lab.splits().getLast();
        say(split.toString());
        say(seen.told());

        assertThat(seen.proof())
            .as("how it was known that the old one can't serve")
            .contains("lease");
        assertThat(seen.oldAnswers()).as("answers of the old primary after the cut").isPositive();
        assertThat(seen.newAnswers()).as("answers of the promoted shadow").isPositive();
        assertThat(seen.breaches()).isEmpty();
        assertThat(seen.newFirstFrame().orElseThrow())
            .as("ms until the shadow's host says anything, after the proof")
            .isGreaterThan(split.detected() + split.steps().getOrDefault("02 fence", 0.0))
            .isGreaterThan(seen.oldLast().orElseThrow());
        assertThat(split.lost()).as("acknowledged writes that are gone").isZero();
      }
      assertThat(lab.watch().looks()).as("looks at who serves").isPositive();
      assertThat(lab.watch().breaches()).as("moments at which two could serve").isEmpty();
    } finally {
      FileTree.remove(directory);
    }
    assertThat(Leftovers.of(directory)).as("what the lab leaves behind").isEmpty();
  }

  private static void say(String line) {
    System.out.println(line);
  }

  private static LabSettings settings(Path directory) {
    return new LabSettings(
        directory,
        Path.of(System.getProperty("user.home"), ".cache", "penumbra"),
        KILLS,
        LabSettings.Kill.SPLIT,
        ShadowMode.WARM,
        "replay",
        256,
        Duration.ofMillis(200),
        2,
        Duration.ofMillis(500),
        true,
        1);
  }
}
