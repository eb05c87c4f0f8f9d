package io.penumbra.app.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.BadInputException;
import io.penumbra.placement.risk.RiskModels;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainCommandTest {

  @TempDir private Path dir;
  private final StringWriter said = new StringWriter();

  @Test
  void makesAModelThatPlacementCanOpen() throws IOException {
    Path model = dir.resolve("out/risk.model");
    int exitCode =
        run(new TrainCommand(), "--csv", telemetry(300).toString(), "--out", model.toString());
    assertThat(exitCode).as(said.toString()).isZero();
    assertThat(said.toString())
        .contains("Trained on telemetry.csv to look 7d ahead")
        .contains("AUC")
        .contains("Model xgboost-7d-", model.toString());
    assertThat(RiskModels.load(model))
        .isInstanceOfSatisfying(
            RiskModels.Loaded.class,
            loaded -> {
              try (var opened = loaded.model()) {
                assertThat(opened.horizon()).isEqualTo(Duration.ofDays(7));
                assertThat(opened.card().quality().auc()).isGreaterThan(0.9);
              }
            });
  }

  @Test
  void aBadLineLeavesTheOldModelAsItWas() throws IOException {
    Path csv = telemetry(300);
    Path model = dir.resolve("risk.model");
    run(new TrainCommand(), "--csv", csv.toString(), "--out", model.toString());
    byte[] before = Files.readAllBytes(model);
    List<String> lines = new ArrayList<>(Files.readAllLines(csv));
    lines.set(200, "hv-1,,720,oops,0");
    Files.write(csv, lines);

    assertThat(run(new TrainCommand(), "--csv", csv.toString(), "--out", model.toString()))
        .isEqualTo(2);
    assertThat(said.toString()).contains("telemetry.csv:201: cpu_load is 'oops'");
    assertThat(Files.readAllBytes(model)).isEqualTo(before);
    try (var files = Files.list(dir)) {
      assertThat(files).containsExactlyInAnyOrder(csv, model);
    }
  }

  @Test
  void tooFewFailuresWriteNothing() throws IOException {
    Path model = dir.resolve("risk.model");
    assertThat(
            run(new TrainCommand(), "--csv", telemetry(20).toString(), "--out", model.toString()))
        .isEqualTo(2);
    assertThat(said.toString()).contains("hosts fail within", "at least 10 of each");
    assertThat(model).doesNotExist();
  }

  @Test
  void flagsThatCannotBeUsedSayWhatWould() throws IOException {
    String csv = telemetry(20).toString();
    assertThat(run(new TrainCommand())).isEqualTo(2);
    assertThat(run(new TrainCommand(), "--csv", csv, "--simulated")).isEqualTo(2);
    assertThat(run(new TrainCommand(), "--csv", csv, "--horizon", "soon")).isEqualTo(2);
    assertThat(run(new TrainCommand(), "--csv", csv, "--trees", "0")).isEqualTo(2);
    assertThat(run(new TrainCommand(), "--csv", dir.resolve("none.csv").toString())).isEqualTo(2);
    assertThat(run(new TrainCommand(), "--simulated", "--hosts", "0")).isEqualTo(2);
    assertThat(said.toString())
        .contains("--horizon: is 'soon'; expected a time such as 24h or 7d")
        .contains("rounds is 0; expected 1 to 5000")
        .contains("there is no such file")
        .contains("--hosts: is 0; expected 1 to 1,000,000");
  }

  @Test
  void learnsFromASimulationThatIsPluggedIn() throws IOException {
    try (CsvTelemetry data = CsvTelemetry.open(telemetry(300))) {
      Path model = dir.resolve("risk.model");
      TelemetrySimulation simulation =
          (hosts, span, seed) -> {
            assertThat(hosts).isEqualTo(50);
            assertThat(span).isEqualTo(Duration.ofDays(30));
            assertThat(seed).isEqualTo(9);
            return data;
          };
      assertThat(
              run(
                  new TrainCommand(simulation),
                  "--simulated",
                  "--horizon",
                  "7d",
                  "--hosts",
                  "50",
                  "--span",
                  "30d",
                  "--seed",
                  "9",
                  "--out",
                  model.toString()))
          .isZero();
      assertThat(model).exists();
    }
  }

  @Test
  void learnsFromTheFleetsWeSimulate() {
    Path model = dir.resolve("risk.model");
    int exitCode =
        run(
            new TrainCommand(),
            "--simulated",
            "--hosts",
            "300",
            "--span",
            "60d",
            "--trees",
            "30",
            "--out",
            model.toString());
    assertThat(exitCode).as(said.toString()).isZero();
    assertThat(said.toString()).contains("Trained on simulated: scenario default, seed 1");
  }

  private int run(TrainCommand command, String... arguments) {
    PrintWriter out = new PrintWriter(said, true);
    return new CommandLine(command)
        .setOut(out)
        .setErr(out)
        .setExecutionExceptionHandler((e, _, _) -> {
          out.println(e.getMessage());
          return e instanceof BadInputException ? 2 : 1;
        })
        .execute(arguments);
  }

  /** Two samples per host; hosts with many pending sectors fail. */
  private Path telemetry(int hosts) throws IOException {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
    StringBuilder text =
        new StringBuilder("host,hours_until_failure,hours_watched,cpu_load,smart_197_pending\n");
    for (int i = 0; i < 2 * hosts; i++) {
      boolean fails = random.nextInt(5) == 0;
      text.append(
          String.format(
              Locale.ROOT,
              "hv-%d,%s,720,%.3f,%d\n",
              i / 2,
              fails ? "100" : "",
              random.nextDouble(),
              fails ? 5 + random.nextInt(20) : random.nextInt(8)));
    }
    return Files.writeString(dir.resolve("telemetry.csv"), text);
  }
}
