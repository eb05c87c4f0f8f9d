package io.penumbra.app.simulate;

import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra simulate}: compares policies on one fleet, one workload and one run of luck. */
@Command(
    name = "simulate",
    sortOptions = false,
    description = {
      "Lets a data centre age and break in virtual time under one policy after",
      "another: the same hosts, VMs and failures for each, and the production control",
      "loop inside. Ends with a table and a report; Ctrl-C ends it early with both.",
      ""
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./penumbra simulate --hosts 100 --racks 10 --power-feeds 4 --days 14 --seed 7",
      "  ./penumbra simulate --vms v1.test.txt.gz --durations v1.test.c2591400.txt.gz",
      "  ./penumbra simulate --policies warm,warm+predictive --set policies.warmRpo=1s"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "2:a flag or a file cannot be used; nothing was written",
      "3:a safety rule was broken; the seed that repeats it is printed"
    })
public final class SimulateCommand implements Callable<Integer> {

  private final Comparison comparison;

  @Spec private CommandSpec spec;

  @Mixin private ScenarioOptions scenario;

  @Option(
      names = "--policies",
      paramLabel = "NAME",
      split = ",",
      description = "Which policies, separated by commas (default: all).")
  private List<String> policies = List.of();

  @Option(
      names = "--model",
      paramLabel = "FILE",
      description =
          "Risk model made by 'penumbra train'; without one an oracle of the scenario's precision"
              + " and recall predicts.")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--settings",
      paramLabel = "FILE",
      description =
          "YAML with 'placement' (multipliers per weigher) and 'scheduler' (detector, fencing,"
              + " breaker, risk): how the production control code is set. What it leaves out keeps"
              + " its default.")
  private Optional<Path> settings = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "penumbra-out",
      description = "Where the report and the decision log go (default: ${DEFAULT-VALUE}).")
  private Path out;

  /** Runs the simulator. */
  public SimulateCommand() {
    this(new EngineComparison());
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  SimulateCommand(Comparison comparison) {
    this.comparison = comparison;
  }

  @Override
  public Integer call() throws IOException {
    Scenario checked = scenario.scenario();
    ControlSettings control = ControlSettings.from(settings);
    List<String> chosen = PolicyChoice.of(policies, comparison.policies(), comparison.known());
    if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new BadInputException("--out", out + " is a file; expected a directory", "");
    }
    try (Interruption interruption = Interruption.listen()) {
      return new ReportDesk(
              comparison,
              spec.commandLine().getOut(),
              spec.commandLine().getErr(),
              ReportDesk.ink())
          .run(
              new Comparison.Task(
                  checked,
                  chosen,
                  Optional.of(out.resolve("decisions")),
                  model,
                  control,
                  command()),
              out.resolve("report.html"),
              interruption);
    }
  }

  private String command() {
    return CommandLineText.of(spec.commandLine().getParseResult().originalArgs(), "simulate");
  }
}
