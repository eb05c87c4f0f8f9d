package io.penumbra.app.simulate;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.placement.risk.RiskModel;
import io.penumbra.placement.risk.RiskModels;
import io.penumbra.simulator.engine.Simulation;
import io.penumbra.simulator.hardware.HardwareFailure;
import io.penumbra.simulator.report.ComparisonReport;
import io.penumbra.simulator.report.ComparisonReport.Complete;
import io.penumbra.simulator.report.ComparisonReport.Completion;
import io.penumbra.simulator.report.ComparisonReport.DecisionStory;
import io.penumbra.simulator.report.ComparisonReport.Partial;
import io.penumbra.simulator.report.FailoverTrace;
import io.penumbra.simulator.report.ScenarioSummary;
import io.penumbra.simulator.report.Timeline;
import io.penumbra.simulator.run.PolicyVariant;
import io.penumbra.simulator.run.RunResult;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.telemetry.OracleRiskModel;
import io.penumbra.simulator.workload.Workload;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Runs policies in the simulator and puts what they gave into one report. */
final class EngineComparison implements Comparison {

  private static final int MEMORY_DECISIONS = 1_000;

  @Override
  public List<String> policies() {
    return Arrays.stream(PolicyVariant.values())
        .filter(variant -> variant != PolicyVariant.AS_CONFIGURED)
        .map(PolicyVariant::title)
        .toList();
  }

  @Override
  public List<String> known() {
    return Arrays.stream(PolicyVariant.values()).map(PolicyVariant::title).toList();
  }

  @Override
  public Result run(Task task, Watch watch) {
    ScenarioInputs inputs = ScenarioInputs.of(task.scenario());
    return new Session(task, inputs, watch).run();
  }

  /** One comparison under way. */
  private static final class Session {
    private final Task task;
    private final Scenario scenario;
    private final ScenarioInputs inputs;
    private final Watch watch;
    private final List<PolicyVariant> variants;
    private final Optional<PolicyVariant> shown;
    private final List<RunResult> results = new ArrayList<>();
    private final List<String> breaches = new ArrayList<>();
    private List<DecisionStory> stories = List.of();
    private Optional<FailoverTrace> failover = Optional.empty();
    private Optional<Timeline> timeline = Optional.empty();
    private Completion completion = new Complete();

    Session(Task task, ScenarioInputs inputs, Watch watch) {
      this.task = task;
      this.scenario = task.scenario();
      this.inputs = inputs;
      this.watch = watch;
      this.variants =
          Arrays.stream(PolicyVariant.values())
              .filter(variant -> task.policies().contains(variant.title()))
              .toList();
      // The last policy with the loop inside is the one whose decisions and failures are shown.
      this.shown =
          variants.stream().filter(PolicyVariant::usesControlLoop).reduce((_, later) -> later);
    }

    Result run() {
      for (PolicyVariant variant : variants) {
        if (completion instanceof Partial) {
          break;
        }
        watch.began(variant.title());
        RunResult result = run(variant);
        results.add(result);
        result.breaches().forEach(breach -> breaches.add(variant.title() + ": " + breach));
        if (!result.complete()) {
          completion = new Partial(partial(result));
        }
        if (result.timeline().isPresent()) {
          timeline = result.timeline();
        }
      }
      return new Result(report(), breaches);
    }

    private RunResult run(PolicyVariant variant) {
      boolean keep = shown.filter(variant::equals).isPresent();
      if (!keep || task.decisions().isEmpty()) {
        RunResult result = run(variant, new MemoryDecisionLog(MEMORY_DECISIONS));
        return keep ? pictured(result) : result;
      }
      Path directory = task.decisions().get();
      KeptDecisions kept =
          KeptDecisions.in(directory, inputs.fleetSettings(), task.settings().placement());
      RunResult result;
      try (kept) {
        result = run(variant, kept);
      }
      stories = DecisionStories.of(kept, result.failovers(), directory);
      return pictured(result);
    }

    private RunResult pictured(RunResult result) {
      failover = FailoverPicture.of(inputs, result);
      return result;
    }

    private RunResult run(PolicyVariant variant, DecisionLog decisions) {
      Duration length = scenario.duration();
      try (RiskModel model = model()) {
        return Simulation.run(
            inputs,
            variant,
            new Simulation.Options(
                Optional.of(model),
                decisions,
                true,
                task.settings().placement(),
                task.settings().scheduler()),
            share -> watch.passed(Duration.ofMillis((long) (length.toMillis() * share))));
      }
    }

    private RiskModel model() {
      return task.model()
          .<RiskModel>map(file ->
              switch (RiskModels.load(file)) {
                case RiskModels.Loaded(var loaded) -> loaded;
                case RiskModels.Unusable(String reason, String advice) ->
                    throw new BadInputException("--model " + file, reason, advice);
              })
          .orElseGet(() -> new OracleRiskModel(scenario, inputs.fleet(), inputs.failures()));
    }

    private String partial(RunResult result) {
      return String.format(
          Locale.ROOT,
          "stopped in '%s' on day %.1f of %.1f; later policies did not run",
          result.variant().title(),
          result.simulated().toMillis() / 86_400_000.0,
          scenario.duration().toMillis() / 86_400_000.0);
    }

    private ComparisonReport report() {
      return new ComparisonReport(
          summary(),
          scenario.seed(),
          task.command(),
          completion,
          results.stream().map(RunResult::figures).toList(),
          timeline,
          failover,
          stories,
          Definitions.ALL);
    }

    private ScenarioSummary summary() {
      List<HardwareFailure> crashes =
          inputs.failures().crashes().stream()
              .filter(crash -> crash.at().compareTo(scenario.duration()) < 0)
              .toList();
      return new ScenarioSummary(
          scenario.name(),
          inputs.fleet().size(),
          inputs.fleet().by(DomainKind.RACK).size(),
          inputs.fleet().by(DomainKind.POWER_FEED).size(),
          scenario.duration(),
          inputs.trace().size(),
          crashes.size(),
          crashes.stream().filter(Session::hasCommonCause).count(),
          Workload.describe(inputs.trace()),
          failures(),
          risk());
    }

    /** Raised rates are said aloud: a demo's misfortune is no forecast. */
    private String failures() {
      double rate = scenario.hardware().host().rate();
      String often =
          rate == 1 ? "" : String.format(Locale.ROOT, ", %.3g times as often as recorded", rate);
      return "Weibull hazards and lognormal repairs fitted to LANL records (LA-UR-05-7318)%s, drawn with the seed; the same for every policy"
          .formatted(often);
    }

    private static boolean hasCommonCause(HardwareFailure crash) {
      return switch (crash.cause()) {
        case CHASSIS, RACK, POWER_FEED, FIRMWARE -> true;
        default -> false;
      };
    }

    private String risk() {
      return task.model()
          .map(file -> "trained model " + file)
          .orElseGet(() ->
              String.format(
                  Locale.ROOT,
                  "an oracle: %.0f %% of its alarms are right, it announces %.0f %% of failures",
                  scenario.detection().oraclePrecision() * 100,
                  scenario.detection().oracleRecall() * 100));
    }
  }
}
