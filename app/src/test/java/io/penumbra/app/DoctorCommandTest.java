package io.penumbra.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.app.Finding.Health;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory
  DoctorCommandTest() {}

  @Test
  void looksAtEverythingThatPenumbraNeeds() {
    List<Finding> findings = new Checkup(Map.of(), directory.resolve("not/there/yet")).findings();

    assertThat(findings)
        .extracting(Finding::subject)
        // What guests run here is no concern of the test's.
        .filteredOn(subject -> !subject.startsWith("guest "))
        .containsExactly(
            "Java",
            "XGBoost",
            "SQLite",
            "PostgreSQL",
            "output",
            "disk",
            "machine",
            "terminal",
            "agent",
            "lab");
    assertThat(findings)
        .filteredOn(finding -> List.of("Java", "SQLite", "output").contains(finding.subject()))
        .allMatch(finding -> finding.health() == Health.OK);
  }

  @Test
  void anOutputThatCannotBeADirectoryIsMissing() {
    List<Finding> findings = new Checkup(Map.of(), Path.of("/dev/null/out")).findings();

    assertThat(findings)
        .filteredOn(finding -> finding.subject().equals("output"))
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.health()).isEqualTo(Health.MISSING);
          assertThat(finding.remedy()).contains("--out");
        });
  }

  @Test
  void printsEachFindingWithItsRemedy() {
    StringWriter out = new StringWriter();
    DoctorCommand.print(
        List.of(
            Finding.ok("Java", "25"),
            Finding.missing("XGBoost", "does not load", "apt-get install libgomp1")),
        new PrintWriter(out, true));

    assertThat(out.toString().lines())
        .containsExactly(
            "ok       Java        25",
            "MISSING  XGBoost     does not load",
            "                     -> apt-get install libgomp1");
  }
}
