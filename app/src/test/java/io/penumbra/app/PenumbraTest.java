package io.penumbra.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.BadInputException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class PenumbraTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpTeachesByExampleAndNamesTheExitCodes() {
    assertThat(run("--help")).isEqualTo(0);
    assertThat(out.toString())
        .contains("Examples:", "./penumbra doctor", "Exit codes:", "safety rule");
  }

  @Test
  void noCommandAtAllTeachesAsWell() {
    assertThat(run()).isEqualTo(0);
    assertThat(out.toString()).contains("Examples:");
  }

  @Test
  void everyCommandAnswersHelp() {
    assertThat(run("doctor", "--help")).isEqualTo(0);
    assertThat(out.toString()).contains("Usage: penumbra doctor", "--out");
  }

  @Test
  void aMisspeltCommandIsBadInputAndGetsASuggestion() {
    assertThat(run("docter")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("docter", "doctor").doesNotContain("\tat ");
  }

  @Test
  void anUnknownFlagIsBadInputAndSaysWhereHelpIs() {
    assertThat(run("doctor", "--colour")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("--colour", "penumbra doctor --help");
  }

  @Test
  void versionNamesTheJavaItRunsOn() {
    assertThat(run("--version")).isEqualTo(0);
    assertThat(out.toString()).contains("penumbra ", "Java 25");
  }

  @Test
  void badInputSaysWhatWhereAndWhatToDoNext() {
    Failure failure =
        Failure.of(
            new BadInputException(
                "fleet.yaml:12: racks", "is -3; expected 1 or more", "Leave it out for 40."));

    assertThat(failure)
        .isEqualTo(
            new Failure(
                ExitCode.BAD_INPUT,
                "fleet.yaml:12: racks: is -3; expected 1 or more",
                "Leave it out for 40."));
  }

  @Test
  void aMissingFileIsBadInputHoweverDeepItWasFound() {
    Failure failure = Failure.of(new UncheckedIOException(new NoSuchFileException("trace.csv")));

    assertThat(failure.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(failure.what()).isEqualTo("trace.csv: no such file");
  }

  @Test
  void whatNobodyForesawAsksForABugReport() {
    Failure failure = Failure.of(new IllegalStateException("two primaries"));

    assertThat(failure.exitCode()).isEqualTo(ExitCode.UNEXPECTED);
    assertThat(failure.what()).contains("two primaries");
    assertThat(failure.advice()).contains("--verbose");
  }

  private int run(String... arguments) {
    return Penumbra.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}
