package io.penumbra.simulator.engine;

import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.placement.risk.RiskModel;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.simulator.baseline.BaselineRun;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultMix;
import io.penumbra.simulator.report.PolicyResult;
import io.penumbra.simulator.run.OutageLedger;
import io.penumbra.simulator.run.PolicyVariant;
import io.penumbra.simulator.run.RunProgress;
import io.penumbra.simulator.run.RunResult;
import io.penumbra.simulator.run.ScenarioInputs;
import io.penumbra.simulator.run.Wish;
import io.penumbra.simulator.scenario.Scenario;
import io.penumbra.simulator.workload.VmTrace;
import io.penumbra.simulator.world.WorldSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** Runs a scenario under a policy: the production control loop, or a baseline without it. */
public final class Simulation {

  private static final int PARTS = 200;

  private final ScenarioInputs inputs;
  private final Scenario scenario;
  private final PolicyVariant variant;
  private final IntFunction<Wish> wishes;
  private final Options options;
  private final OutageLedger ledger;
  private final Rig rig;
  private final LoopFigures figures;
  private final CapacityMeter meter;

  /**
   * How to run.
   *
   * @param risk the model that scores hosts; used by the predictive and the configured variant
   * @param decisions where decisions go
   * @param check whether the checkers look on; on a large fleet that costs some time
   * @param placement how placement weighs
   * @param scheduler the loop's settings
   */
  public record Options(
      Optional<RiskModel> risk,
      DecisionLog decisions,
      boolean check,
      PlacementSettings placement,
      SchedulerSettings scheduler) {

    /** Everything at its defaults. */
    public static Options of(Optional<RiskModel> risk, DecisionLog decisions) {
      return new Options(
          risk, decisions, true, PlacementSettings.defaults(), SchedulerSettings.defaults());
    }

    public Options withoutChecks() {
      return new Options(risk, decisions, false, placement, scheduler);
    }
  }

  private Simulation(ScenarioInputs inputs, PolicyVariant variant, Options options) {
    this.inputs = inputs;
    this.scenario = inputs.scenario();
    this.variant = variant;
    this.options = options;
    this.wishes = inputs.wishes(variant.policies(scenario.policies()));
    this.ledger = new OutageLedger(inputs.trace().size());
    this.rig =
        new Rig(blueprint(), new FaultDice(FaultMix.none(), scenario.seeds().child("faults")));
    FailureIndex failures = new FailureIndex(inputs.fleet().size(), inputs.failures().failures());
    this.figures =
        new LoopFigures(
            rig.world(),
            new MissedFailovers(() -> rig.controller().view()),
            ledger,
            failures,
            new Alarms(failures, scenario.policies().thresholds()),
            scenario.detection().riskHorizon().toNanos());
    this.meter = new CapacityMeter(rig, figures, options.check());
    rig.world().observe(figures);
  }

  /** Runs a scenario under one policy. */
  public static RunResult run(
      ScenarioInputs inputs, PolicyVariant variant, Options options, RunProgress progress) {
    if (!variant.usesControlLoop()) {
      return new BaselineRun(inputs, variant, options.decisions(), options.placement())
          .run(progress);
    }
    return new Simulation(inputs, variant, options).run(progress);
  }

  private Rig.Blueprint blueprint() {
    boolean predicts = usesRisk();
    SchedulerSettings.Risk risk = options.scheduler().risk().withEnabled(predicts);
    SchedulerSettings settings =
        options
            .scheduler()
            .withRisk(risk)
            .withLoop(options.scheduler().loop().withReconcileEvery(Duration.ofDays(3_650)));
    return new Rig.Blueprint(
        scenario.start(),
        scenario.seeds().child("world"),
        inputs.fleet().hosts(),
        WorldSpec.of(scenario.timing()),
        inputs.fleetSettings(),
        options.placement(),
        settings,
        options.decisions(),
        alert -> {},
        TransitionObserver.NONE,
        Duration.ofMillis(20),
        false,
        options.check() ? 1_000 : 0,
        List.of(),
        Seams.sound(),
        options.check());
  }

  private boolean usesRisk() {
    return options.risk().isPresent()
        && (variant == PolicyVariant.WARM_PREDICTIVE || variant == PolicyVariant.AS_CONFIGURED);
  }

  private RunResult run(RunProgress progress) {
    rig.controller().start();
    scheduleArrivals();
    new FailureFeed(inputs, rig).start();
    rig.operations().audit(Duration.ofHours(6));
    if (usesRisk()) {
      new RiskFeed(inputs, rig, options.risk().orElseThrow(), figures::scored).start();
    }
    long end = scenario.duration().toNanos();
    boolean goesOn = true;
    for (int part = 1; part <= PARTS && goesOn && !rig.controller().dead(); part++) {
      rig.runUntil(end / PARTS * part, false);
      meter.measure(end / PARTS);
      goesOn = progress.at((double) part / PARTS);
    }
    return result(goesOn && !rig.controller().dead());
  }

  private void scheduleArrivals() {
    if (inputs.trace().size() > 0) {
      rig.time().at(inputs.trace().atMillis(0) * 1_000_000, () -> arrive(0));
    }
  }

  private void arrive(int index) {
    VmTrace trace = inputs.trace();
    rig.tenants().ask(wishes.apply(index));
    int next = index + 1;
    if (next < trace.size()) {
      rig.time().at(trace.atMillis(next) * 1_000_000, () -> arrive(next));
    }
  }

  private RunResult result(boolean complete) {
    figures.end();
    List<FailoverRecord> failovers =
        rig.controller().view().map(LoopView::ledger).orElse(List.of());
    PolicyResult row =
        ledger.result(
            variant,
            true,
            meter.extraShare(),
            figures.networkGib(),
            rig.tenants().placed(),
            rig.tenants().refused());
    return new RunResult(
        variant,
        row,
        Duration.ofNanos(rig.time().nanos()),
        complete,
        Optional.of(TimelineDraft.of(inputs, variant, figures.marks(), rig.time().nanos())),
        failovers,
        rig.breaches().all(),
        rig.time().actionsDone());
  }
}
