package io.penumbra.app.train;

import io.penumbra.app.ExitCode;
import io.penumbra.domain.BadInputException;
import io.penumbra.placement.risk.RiskModels;
import io.penumbra.placement.risk.RiskTraining;
import io.penumbra.placement.risk.TrainingData;
import io.penumbra.placement.risk.TrainingOptions;
import io.penumbra.placement.risk.TrainingProgress;
import io.penumbra.simulator.scenario.Durations;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.telemetry.SimulatedTrainingData;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra train}: makes a risk model from telemetry whose outcome is known. */
@Command(
    name = "train",
    sortOptions = false,
    description = {
      "Makes a risk model: how likely a host is to fail within the horizon.",
      "Of the hosts, three fifths grow the trees, one fifth calibrates the",
      "probabilities, one fifth says how good they are. Same samples and seed, same",
      "model.",
      ""
    },
    footerHeading = "%nThe file for --csv:%n",
    footer = {
      "  First line: names of columns. Then a line per sample, comma-separated, no",
      "  quotes; nothing between two commas: not measured. May be compressed (.gz).",
      "  host                  whose sample it is",
      "  hours_until_failure   from the sample to the host's failure, empty if none",
      "  hours_watched         how long it was watched after the sample",
      "  These three must be there, the others may:",
      "  at (2026-01-31T12:00:00Z), firmware, stands_for (samples this one stands for),",
      "  cpu_load, memory_load (0 to 1), memory_corrected_last_day,",
      "  memory_corrected_total, smart_5_reallocated, smart_187_uncorrectable,",
      "  smart_188_timeouts, smart_197_pending, smart_198_offline_uncorrectable,",
      "  disk_new_defects_last_day, inlet_celsius, cpu_celsius, fan_share, age_hours,",
      "  past_failures, hours_since_repair, guest_memory_pressure_worst (0 to 1),",
      "  guest_crashes_last_day, guest_io_errors_last_day, guest_steal_worst (0 to 1)",
      "",
      "Examples:",
      "  ./penumbra train --simulated",
      "  ./penumbra train --csv telemetry.csv.gz --horizon 7d --out risk.model"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the model is written",
      "1:XGBoost does not work on this machine; ./penumbra doctor says why",
      "2:the samples or a flag cannot be used; nothing was written"
    })
public final class TrainCommand implements Callable<Integer> {

  /** Where samples come from: exactly one. */
  static final class Source {
    @Option(
        names = "--csv",
        paramLabel = "FILE",
        required = true,
        description = "Telemetry of real hosts; its form is described below.")
    private Optional<Path> csv = Optional.empty();

    @Option(names = "--simulated", required = true, description = "Telemetry of a simulated fleet.")
    private boolean simulated;
  }

  /** Simulated signs last half a day or so: one sample a day would see hardly any. */
  private static final Duration SIMULATED_INTERVAL = Duration.ofHours(4);

  private static final int HOSTS_MAX = 1_000_000;

  private final TelemetrySimulation simulation;

  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--horizon",
      paramLabel = "TIME",
      description =
          "How far ahead to look, such as 24h or 30d (default: 7d; 1d with --simulated, where"
              + " most signs show for half a day).")
  private Optional<String> horizon = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "penumbra-out/risk.model",
      description = "Where the model goes; one there is replaced (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "For all that is drawn (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--trees",
      defaultValue = "100",
      description = "How many trees, 1 to 5000 (default: ${DEFAULT-VALUE}).")
  private int trees;

  @Option(
      names = "--hosts",
      defaultValue = "1000",
      description = "With --simulated: size of the fleet (default: ${DEFAULT-VALUE}).")
  private int hosts;

  @Option(
      names = "--span",
      paramLabel = "TIME",
      defaultValue = "90d",
      description = "With --simulated: how long it is watched (default: ${DEFAULT-VALUE}).")
  private String span;

  /** With simulations of our own, a sample per host and four hours. */
  public TrainCommand() {
    this(TrainCommand::simulate);
  }

  /** With another simulation to learn from. */
  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  TrainCommand(TelemetrySimulation simulation) {
    this.simulation = simulation;
  }

  private static TrainingData simulate(int hosts, Duration span, long seed) {
    return new SimulatedTrainingData(
        ScenarioDraft.defaults()
            .set("fleet.hosts", Integer.toString(hosts), "--hosts")
            .set("duration", Durations.format(span), "--span")
            .set("seed", Long.toString(seed), "--seed")
            .build(),
        SIMULATED_INTERVAL);
  }

  @Override
  public Integer call() throws IOException {
    TrainingOptions options = options();
    if (source.simulated) {
      return train(simulated(), options);
    }
    try (CsvTelemetry data = CsvTelemetry.open(source.csv.orElseThrow())) {
      return train(data, options);
    }
  }

  private TrainingData simulated() {
    if (hosts < 1 || hosts > HOSTS_MAX) {
      throw new BadInputException(
          "--hosts", "is %d; expected 1 to %,d".formatted(hosts, HOSTS_MAX), "");
    }
    return simulation.telemetry(hosts, duration("--span", span), seed);
  }

  private TrainingOptions options() {
    TrainingOptions usual =
        TrainingOptions.of(
            duration("--horizon", horizon.orElse(source.simulated ? "1d" : "7d")), seed);
    try {
      return new TrainingOptions(usual.horizon(), seed, trees, usual.depth(), usual.learningRate());
    } catch (IllegalArgumentException e) {
      throw new BadInputException("--trees", String.valueOf(e.getMessage()), "", e);
    }
  }

  private static Duration duration(String flag, String text) {
    return Durations.parse(text)
        .filter(Duration::isPositive)
        .orElseThrow(() ->
            new BadInputException(
                flag, "is '%s'; expected a time such as 24h or 7d".formatted(text), ""));
  }

  private int train(TrainingData data, TrainingOptions options) {
    RiskTraining.Result result;
    if (isTerminal()) {
      try (TrainingBars bars = new TrainingBars(data.samplesAbout())) {
        result = RiskTraining.train(data, options, bars);
      }
    } else {
      result = RiskTraining.train(data, options, TrainingProgress.SILENT);
    }
    return switch (result) {
      case RiskTraining.Trained trained -> save(trained);
      case RiskTraining.NotTrained(String reason, String advice) ->
          throw new BadInputException(data.source(), reason, advice);
      case RiskTraining.NoXgBoost(String reason, String advice) -> sayUnusable(reason, advice);
    };
  }

  private static boolean isTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  private int save(RiskTraining.Trained trained) {
    RiskModels.save(trained, out);
    return switch (RiskModels.load(out)) {
      case RiskModels.Loaded(var model) -> {
        try (model) {
          PrintWriter writer = spec.commandLine().getOut();
          new ModelReport(trained.card()).print(writer);
          writer.printf("Model %s is in %s (%,d bytes)%n", model.name(), out, trained.bytes());
        }
        yield ExitCode.OK;
      }
      case RiskModels.Unusable(String reason, String advice) -> sayUnusable(reason, advice);
    };
  }

  private int sayUnusable(String reason, String advice) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("penumbra: " + reason);
    err.println("Try: " + advice);
    return ExitCode.UNEXPECTED;
  }
}
