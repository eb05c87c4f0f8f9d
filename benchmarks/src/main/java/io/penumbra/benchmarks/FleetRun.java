package io.penumbra.benchmarks;

import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.simulator.engine.Simulation;
import io.penumbra.simulator.run.PolicyVariant;
import io.penumbra.simulator.run.RunProgress;
import io.penumbra.simulator.run.RunResult;
import io.penumbra.simulator.run.ScenarioInputs;
import java.util.Locale;
import java.util.Optional;

/** A scenario in Penumbra's simulator, in a process of its own. */
public final class FleetRun {

  private FleetRun() {}

  /** One run; see {@link ChildRun}. The policy is the system property {@code variant}. */
  public static void main(String... args) {
    PolicyVariant variant = PolicyVariant.valueOf(System.getProperty("variant", "WARM"));
    ChildRun.report(
        args,
        scenario -> {
          RunResult result =
              Simulation.run(
                  ScenarioInputs.of(scenario),
                  variant,
                  Simulation.Options.of(Optional.empty(), new MemoryDecisionLog(1_000))
                      .withoutChecks(),
                  RunProgress.SILENT);
          return counts(result);
        });
  }

  private static String counts(RunResult result) {
    return String.format(
        Locale.ROOT,
        "placed %,d; refused %,d; interruptions %,d; true failovers %,d; missed %,d; %,d things happened; %.4f %% available",
        result.figures().vmsPlaced(),
        result.figures().vmsRefused(),
        result.figures().rto().count(),
        result.figures().failovers().trueOnes(),
        result.figures().failovers().missed(),
        result.actions(),
        result.figures().availability() * 100);
  }
}
