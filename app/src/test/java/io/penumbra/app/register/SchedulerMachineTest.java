package io.penumbra.app.register;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With Debian's Nova, which reads the file and loads the classes itself. */
class SchedulerMachineTest {

  private static final String CONF =
      """
      [DEFAULT]
      host = controller
      [notifications]
      notification_format = unversioned
      """;

  @TempDir private Path dir = Path.of("replaced by JUnit");
  private String said = "";

  @BeforeEach
  void hasNova() throws Exception {
    if (!"true".equals(System.getenv("CI"))) {
      Process nova =
          new ProcessBuilder("/usr/bin/python3", "-W", "ignore", "-c", "import nova").start();
      assumeTrue(nova.waitFor() == 0, "needs Nova: apt-get install python3-nova");
    }
    Files.writeString(dir.resolve("nova.conf"), CONF);
  }

  @Test
  void novaLoadsWhatWasWrittenAndTakingItBackLeavesNoTrace() throws Exception {
    Ledger first = run(true, false);

    assertThat(first.problems()).as(said).isZero();
    assertThat(said)
        .contains("Nova loads filter and weigher; filters: ComputeFilter,")
        .contains("ServerGroupAffinityFilter, PenumbraFilter")
        .contains("- notification_format = unversioned")
        .contains("+ notification_format = both");
    assertThat(Files.getPosixFilePermissions(dir.resolve("nova.token"))).hasSize(3);

    Ledger second = run(true, false);
    assertThat(second.changes()).as(said).isZero();

    run(true, true);
    assertThat(dir.resolve("nova.conf")).hasContent(CONF);
    assertThat(dir.resolve("nova.token")).doesNotExist();
    assertThat(dir.resolve("site/penumbra_nova")).doesNotExist();
  }

  private Ledger run(boolean act, boolean undo) {
    Registration.Scheduler machine =
        new Registration.Scheduler(
            Optional.of(dir.resolve("nova.conf").toString()),
            Optional.of(dir.resolve("site").toString()),
            Optional.empty(),
            Optional.of(dir.resolve("nova.token").toString()));
    Registration asked =
        new Registration(
            "http://127.0.0.1:7400",
            dir.resolve("password").toString(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(machine),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    StringWriter text = new StringWriter();
    Ledger ledger = new Ledger(new PrintWriter(text), act);
    SchedulerMachine scheduler = new SchedulerMachine(asked, machine, ledger);
    if (undo) {
      scheduler.unregister();
    } else {
      scheduler.register();
    }
    said = text.toString();
    return ledger;
  }
}
