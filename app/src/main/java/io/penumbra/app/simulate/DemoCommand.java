package io.penumbra.app.simulate;

import io.penumbra.app.progress.Progress;
import io.penumbra.domain.BadInputException;
import io.penumbra.placement.risk.RiskModels;
import io.penumbra.placement.risk.RiskTraining;
import io.penumbra.placement.risk.TrainingOptions;
import io.penumbra.placement.risk.TrainingProgress;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.scenario.ScenarioDraft;
import io.penumbra.simulator.telemetry.SimulatedTrainingData;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code penumbra demo}: a small data centre, a run of bad luck, and what each policy makes of it.
 */
@Command(
    name = "demo",
    sortOptions = false,
    description = {
      "A small data centre in virtual time: hosts age, warn and break, some together.",
      "First a risk model learns from the telemetry of another fleet; then every",
      "policy meets the same bad luck. Takes less than a minute.",
      ""
    },
    footerHeading = "%nExample:%n",
    footer = {"  ./penumbra demo --seed 7"},
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "2:a flag cannot be used; nothing was written",
      "3:a safety rule was broken; the seed that repeats it is printed"
    })
public final class DemoCommand implements Callable<Integer> {

  private static final Duration HORIZON = Duration.ofDays(1);
  private static final Duration SAMPLE_EVERY = Duration.ofHours(6);

  private final Comparison comparison;

  @Spec private CommandSpec spec;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Another seed, another run of luck (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "penumbra-out",
      description = "Where everything goes (default: ${DEFAULT-VALUE}).")
  private Path out;

  /** Runs the simulator. */
  public DemoCommand() {
    this(new EngineComparison());
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  DemoCommand(Comparison comparison) {
    this.comparison = comparison;
  }

  @Override
  public Integer call() throws IOException {
    if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new BadInputException("--out", out + " is a file; expected a directory", "");
    }
    try (Interruption interruption = Interruption.listen()) {
      Optional<Path> model = train();
      return new ReportDesk(
              comparison,
              spec.commandLine().getOut(),
              spec.commandLine().getErr(),
              ReportDesk.ink())
          .run(
              new Comparison.Task(
                  scenario(seed),
                  policies(model.isPresent()),
                  Optional.of(out.resolve("decisions")),
                  model,
                  ControlSettings.defaults(),
                  "./penumbra demo --seed " + seed),
              out.resolve("report.html"),
              interruption);
    }
  }

  /** Without a model nothing is predicted, so nothing is shown that says it was. */
  private List<String> policies(boolean predicts) {
    return comparison.policies().stream()
        .filter(name -> predicts || !name.contains("predictive"))
        .toList();
  }

  /** Small enough for a minute, unlucky enough to be worth watching. */
  static Scenario scenario(long seed) {
    return ScenarioDraft.fromText(
            "demo",
            """
            workload:
              generator:
                lifetimes:
                  - {share: 0.5, medianMinutes: 60000, sigma: 1}
                  - {share: 0.5, medianMinutes: 600, sigma: 1.5}
            """)
        .set("name", "demo", "demo")
        .seed(seed)
        .duration(Duration.ofDays(14))
        .set("fleet.hosts", "80", "demo")
        .set("fleet.hostsPerRack", "10", "demo")
        .set("fleet.racksPerPowerFeed", "2", "demo")
        .set("workload.vms", "2500", "demo")
        .set("policies.warm", "0.6", "demo")
        .set("policies.cold", "0.4", "demo")
        .set("hardware.host.rate", "10", "demo")
        .set("hardware.correlated.perRackYear", "10", "demo")
        .build();
  }

  /**
   * From the telemetry of a fleet with another seed: the model has not seen this fleet's future.
   */
  private Optional<Path> train() {
    Scenario school =
        ScenarioDraft.defaults()
            .seed(~seed)
            .duration(Duration.ofDays(60))
            .set("fleet.hosts", "300", "demo")
            .set("hardware.host.rate", "10", "demo")
            .build();
    SimulatedTrainingData data = new SimulatedTrainingData(school, SAMPLE_EVERY);
    PrintWriter err = spec.commandLine().getErr();
    RiskTraining.Result result;
    try (Schooling schooling = new Schooling(Progress.on(err), data.samplesAbout())) {
      result = RiskTraining.train(data, TrainingOptions.of(HORIZON, seed), schooling);
    }
    return switch (result) {
      case RiskTraining.Trained trained -> saved(trained);
      case RiskTraining.NotTrained(String reason, String advice) -> off(reason, advice);
      case RiskTraining.NoXgBoost(String reason, String advice) -> off(reason, advice);
    };
  }

  private Optional<Path> saved(RiskTraining.Trained trained) {
    Path file = out.resolve("demo.model");
    RiskModels.save(trained, file);
    PrintWriter console = spec.commandLine().getOut();
    console.printf(
        Locale.ROOT,
        "Trained a risk model on another fleet: AUC %.2f on hosts it had not seen (%s)%n%n",
        trained.card().quality().auc(),
        file);
    return Optional.of(file);
  }

  private Optional<Path> off(String reason, String advice) {
    spec.commandLine().getOut().printf("Risk is off: %s (%s)%n%n", reason, advice);
    return Optional.empty();
  }

  /** Reading samples and growing trees as one task each. */
  private static final class Schooling implements TrainingProgress, AutoCloseable {
    private final Progress.Shown shown;
    private final Progress reading;
    private Optional<Progress> growing = Optional.empty();

    Schooling(Progress.Shown shown, long samples) {
      this.shown = shown;
      this.reading = shown.begin("Reading telemetry", "samples", samples);
    }

    @Override
    public void read(long samples) {
      reading.at(samples);
    }

    @Override
    public void grown(int trees, int of) {
      if (growing.isEmpty()) {
        reading.close();
        growing = Optional.of(shown.begin("Growing trees", "trees", of));
      }
      growing.get().at(trees);
    }

    @Override
    public void close() {
      reading.close();
      growing.ifPresent(Progress::close);
    }
  }
}
