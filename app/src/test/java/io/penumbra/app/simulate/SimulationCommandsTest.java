package io.penumbra.app.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.report.ComparisonReport;
import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.ComparisonReport.DecisionStory;
import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.PolicyResult;
import io.penumbra.simulator.report.PolicyResult.AllMemorySinceBoot;
import io.penumbra.simulator.report.PolicyResult.Failovers;
import io.penumbra.simulator.report.PolicyResult.Kind;
import io.penumbra.simulator.report.PolicyResult.Miss;
import io.penumbra.simulator.report.Samples;
import io.penumbra.simulator.report.ScenarioSummary;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;

final class SimulationCommandsTest {

  private final Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final FakeComparison comparison = new FakeComparison();

  SimulationCommandsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void simulateEndsWithTheTableTheReportAndTheDecisions() throws IOException {
    int code = run("simulate", "--hosts", "40", "--seed", "9", "--out", directory.toString());

    assertThat(code).isZero();
    assertThat(out.toString())
        .contains("What the VMs felt")
        .contains("Report: " + directory.resolve("report.html"))
        .contains("./penumbra decisions explain vm-1");
    assertThat(Files.readString(directory.resolve("report.html"))).contains("</html>");
    assertThat(comparison.tasks.getFirst().scenario().fleet().hosts()).isEqualTo(40);
    assertThat(comparison.tasks.getFirst().scenario().seed()).isEqualTo(9);
  }

  @Test
  void theReportSaysHowToGetItAgain() {
    run("simulate", "--set", "policies.shadows=2", "--out", directory + "/with blank");

    assertThat(comparison.tasks.getFirst().command())
        .isEqualTo(
            "./penumbra simulate --set policies.shadows=2 --out '" + directory + "/with blank'");
  }

  @Test
  void policiesAreChosenByNameInTheirOwnOrder() {
    run("simulate", "--policies", "warm+predictive,none", "--out", directory.toString());

    assertThat(comparison.tasks.getFirst().policies()).containsExactly("none", "warm + predictive");
  }

  @Test
  void anUnknownPolicyIsBadInputAndNothingIsWritten() {
    int code = run("simulate", "--policies", "hot", "--out", directory.resolve("new").toString());

    assertThat(code).isEqualTo(2);
    assertThat(err.toString()).contains("hot").contains("none, warm, warm + predictive");
    assertThat(directory.resolve("new")).doesNotExist();
  }

  @Test
  void badFlagsAreBadInputAndNothingRuns() {
    assertThat(run("simulate", "--hosts", "0")).isEqualTo(2);
    assertThat(run("simulate", "--days", "-1")).isEqualTo(2);
    assertThat(run("simulate", "--days", "NaN")).isEqualTo(2);
    assertThat(run("simulate", "--hosts", "many")).isEqualTo(2);
    assertThat(run("simulate", "--scenario", "no-such.yaml")).isEqualTo(2);
    assertThat(run("simulate", "--failures", "no-such.csv")).isEqualTo(2);
    assertThat(run("simulate", "--set", "fleet.wheels=4")).isEqualTo(2);
    assertThat(run("soak", "--seeds", "0")).isEqualTo(2);
    assertThat(run("soak", "--seeds", "5", "--trace")).isEqualTo(2);
    assertThat(run("soak", "--threads", "0")).isEqualTo(2);
    assertThat(comparison.tasks).isEmpty();
  }

  @Test
  void anOutputThatIsAFileIsBadInput() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "mine");

    assertThat(run("simulate", "--out", file.toString())).isEqualTo(2);
    assertThat(file).hasContent("mine");
  }

  @Test
  void whatIsInterruptedIsWrittenAllTheSame() throws IOException {
    comparison.stopped = true;

    int code = run("simulate", "--out", directory.toString());

    assertThat(code).isZero();
    assertThat(out.toString()).contains("PARTIAL: interrupted on day 3");
    assertThat(Files.readString(directory.resolve("report.html"))).contains("Partial. ");
  }

  @Test
  void aBrokenRuleHasItsOwnExitCodeAndTheCommandThatRepeatsIt() {
    comparison.breaches = List.of("never 1 breached, seed 5");

    int code = run("simulate", "--seed", "5", "--out", directory.toString());

    assertThat(code).isEqualTo(3);
    assertThat(err.toString()).contains("never 1 breached").contains("Again: ./penumbra simulate");
  }

  @Test
  void aRequestToStopIsSeenWithoutWaiting() {
    try (Interruption interruption = Interruption.listen()) {
      assertThat(interruption.requested()).isFalse();
      interruption.request();
      assertThat(interruption.requested()).isTrue();
    }
  }

  @Test
  void theDemoFleetIsSmallAndTheSameForTheSameSeed() {
    assertThat(DemoCommand.scenario(3)).isEqualTo(DemoCommand.scenario(3));
    assertThat(DemoCommand.scenario(3).fleet().hosts()).isLessThanOrEqualTo(100);
  }

  private int run(String... arguments) {
    CommandLine commandLine =
        new CommandLine(new Root())
            .addSubcommand(new DemoCommand(comparison))
            .addSubcommand(new SimulateCommand(comparison))
            .addSubcommand(new SoakCommand())
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .setExecutionExceptionHandler((e, line, result) -> {
              err.append(String.valueOf(e.getMessage()));
              return isBadInput(e) ? 2 : 1;
            });
    return commandLine.execute(arguments);
  }

  private static boolean isBadInput(Exception e) {
    return e instanceof BadInputException;
  }

  @Command(name = "penumbra")
  private static final class Root implements Runnable {
    @Override
    public void run() {}
  }

  /** Runs nothing and says what it is told to say. */
  private static final class FakeComparison implements Comparison {
    private final List<Task> tasks = new ArrayList<>();
    private List<String> breaches = List.of();
    private boolean stopped;

    @Override
    public List<String> policies() {
      return List.of("none", "warm", "warm + predictive");
    }

    @Override
    public List<String> known() {
      return policies();
    }

    @Override
    public Result run(Task task, Watch watch) {
      tasks.add(task);
      watch.began("none");
      watch.passed(Duration.ofDays(3));
      return new Result(
          new ComparisonReport(
              new ScenarioSummary(
                  "fake", 4, 2, 1, task.scenario().duration(), 10, 1, 0, "drawn", "drawn", "off"),
              task.scenario().seed(),
              task.command(),
              stopped ? new Partial("interrupted on day 3") : new Complete(),
              List.of(policy()),
              Optional.empty(),
              Optional.empty(),
              List.of(
                  new DecisionStory(
                      "The closest call",
                      "vm-1",
                      "Two hosts were as good.",
                      "./penumbra decisions explain vm-1")),
              List.of()),
          breaches);
    }

    private static PolicyResult policy() {
      return new PolicyResult(
          "none",
          "Nothing is done.",
          Kind.BASELINE,
          Duration.ofDays(10),
          Duration.ofHours(1),
          Samples.of(3_600),
          new AllMemorySinceBoot(),
          new Failovers(0, 0, Map.of(Miss.WAITS, 1L)),
          0,
          0,
          0,
          10,
          0);
    }
  }
}
