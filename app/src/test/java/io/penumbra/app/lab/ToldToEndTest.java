package io.penumbra.app.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.qemu.guest.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A lab that is told to end (SIGTERM) while it works takes everything with it that it started. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ToldToEndTest {

  @Test
  void nothingIsLeftOfALabThatIsEndedWhileItRepairsAHost() throws Exception {
    boolean root = "root".equals(System.getProperty("user.name"));
    if (!"true".equals(System.getenv("CI"))) {
      Assumptions.assumeTrue(root, "the lab's hosts are network namespaces, which need root");
    }
    // Sockets lie in it, and their paths have to be short.
    Path directory = Files.createTempDirectory("plab");
    Path dir = directory.resolve("l");
    List<String> words =
        List.of(
            "lab",
            "--kill",
            "host",
            "--between",
            "0",
            "--kills",
            "9",
            "--dir",
            dir.toString(),
            "--out",
            directory.resolve("lab.html").toString());
    try (Child lab = Child.start("lab", directory, Map.of(), Lab.penumbra(256, words))) {
      // Two hosts start; the one of the guest is dead when an agent starts once more.
      while (lab.isAlive() && starts(dir) < 3) {
        Thread.sleep(5);
      }
      ProcessHandle.of(lab.pid()).ifPresent(ProcessHandle::destroy);
      while (lab.isAlive()) {
        Thread.sleep(5);
      }
      assertThat(lab.hasSaid("nothing left behind")).as(lab.lastWords()).isTrue();
    } finally {
      FileTree.remove(directory);
    }
  }

  private static long starts(Path dir) throws IOException {
    long starts = 0;
    for (String host : List.of("a", "b")) {
      Path log = dir.resolve("logs").resolve("agent-" + host + ".log");
      if (Files.exists(log)) {
        starts += Files.readString(log).lines().filter(line -> line.contains("listens on")).count();
      }
    }
    return starts;
  }
}
