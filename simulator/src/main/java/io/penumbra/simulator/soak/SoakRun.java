package io.penumbra.simulator.soak;

import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.simulator.engine.Rig;
import io.penumbra.simulator.engine.Seams;
import io.penumbra.simulator.engine.Trace;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultMix;
import io.penumbra.simulator.scenario.TimingSpec;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.WorldSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** One seed: a safety phase under faults, then everything heals and must be put right in time. */
public final class SoakRun {

  /** How long after healing everything must be as it should be. */
  public static final Duration LIVENESS_BOUND = Duration.ofHours(4);

  private static final Duration SCAN_EVERY = Duration.ofMinutes(5);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(2);
  private static final Duration AUDIT_EVERY = Duration.ofMinutes(30);
  private static final int TAIL = 400;

  private final SoakPlan plan;
  private final Rig rig;
  private final FaultDice dice;
  private final FaultStorm storm;
  private final MemoryDecisionLog decisions = new MemoryDecisionLog(5_000);
  private final Trace trace;
  private long promotions;

  private SoakRun(SoakPlan plan, Options options) {
    this.plan = plan;
    this.dice = new FaultDice(plan.faults(), plan.seeds());
    this.rig = new Rig(blueprint(plan, options), dice);
    this.trace = new Trace(rig.time(), TAIL, options.everyLine());
    rig.world().observe(trace);
    rig.world().observe(this::count);
    this.storm = new FaultStorm(rig, dice, plan.safety());
  }

  /**
   * How to run a seed.
   *
   * @param faults this mix instead of the one the seed draws
   * @param seams where one rule is broken; for tests of the checkers
   * @param everyHostBeats whether heartbeats are not elided
   * @param everyLine gets every line of the trace
   */
  public record Options(
      Optional<FaultMix> faults,
      Seams seams,
      boolean everyHostBeats,
      TransitionObserver transitions,
      Consumer<String> everyLine) {

    /** The seed decides everything. */
    public static Options usual() {
      return new Options(
          Optional.empty(), Seams.sound(), false, TransitionObserver.NONE, line -> {});
    }

    public Options withFaults(FaultMix changed) {
      return new Options(Optional.of(changed), seams, everyHostBeats, transitions, everyLine);
    }

    public Options withSeams(Seams changed) {
      return new Options(faults, changed, everyHostBeats, transitions, everyLine);
    }

    public Options withEveryHostBeating() {
      return new Options(faults, seams, true, transitions, everyLine);
    }

    public Options withTransitions(TransitionObserver changed) {
      return new Options(faults, seams, everyHostBeats, changed, everyLine);
    }

    public Options withTrace(Consumer<String> changed) {
      return new Options(faults, seams, everyHostBeats, transitions, changed);
    }
  }

  /** Runs one seed. */
  public static SoakResult run(long seed, Options options) {
    SoakPlan plan =
        options.faults().map(mix -> SoakPlan.of(seed, mix)).orElseGet(() -> SoakPlan.of(seed));
    return new SoakRun(plan, options).run();
  }

  private Rig.Blueprint blueprint(SoakPlan drawn, Options options) {
    return new Rig.Blueprint(
        drawn.start(),
        drawn.seeds(),
        drawn.hosts(),
        WorldSpec.of(TimingSpec.DEFAULT),
        FleetSettings.defaults(),
        PlacementSettings.defaults(),
        SchedulerSettings.defaults(),
        decisions,
        alert -> rig().world().tell(new Happening.Noted("alert " + alert)),
        options.transitions(),
        Duration.ofMillis(5),
        options.everyHostBeats(),
        1,
        List.of("PENUMBRA-CANARY-GUEST-BYTES", "PENUMBRA-CANARY-BMC-PASSWORD"),
        options.seams(),
        true);
  }

  private Rig rig() {
    return rig;
  }

  private SoakResult run() {
    rig.world().observe(this::restart);
    rig.controller().start();
    for (SoakPlan.Arrival arrival : plan.arrivals()) {
      rig.time().at(arrival.at(), () -> rig.tenants().ask(arrival.wish()));
    }
    storm.schedule();
    rig.operations().audit(AUDIT_EVERY);
    storm.maintenance(plan.seeds().stream("soak-maintenance"));
    scanFrom(SCAN_EVERY.toNanos());
    rig.runUntil(plan.safety().toNanos(), true);
    if (!rig.breaches().isEmpty()) {
      return result(SoakVerdict.SAFETY, Duration.ZERO);
    }
    return heal();
  }

  private void scanFrom(long at) {
    rig.time()
        .at(
            at,
            () -> {
              rig.scan();
              scanFrom(at + SCAN_EVERY.toNanos());
            });
  }

  private SoakResult heal() {
    rig.world().tell(new Happening.Noted("everything heals"));
    dice.heal();
    rig.crashes().disarm();
    rig.operations().healEverything();
    rig.controller().start();
    storm.tellTheTruth();
    Convergence convergence = new Convergence(rig, decisions);
    long from = rig.time().nanos();
    List<String> missing = List.of("nothing was looked at");
    long at = from;
    while (!missing.isEmpty() && at - from < LIVENESS_BOUND.toNanos()) {
      at += LOOK_EVERY.toNanos();
      rig.runUntil(at, true);
      if (!rig.breaches().isEmpty()) {
        return result(SoakVerdict.SAFETY, Duration.ofNanos(at - from));
      }
      missing = convergence.missing();
    }
    rig.scan();
    if (!rig.breaches().isEmpty()) {
      return result(SoakVerdict.SAFETY, Duration.ofNanos(at - from));
    }
    missing.forEach(rig.breaches()::notConverged);
    return result(
        missing.isEmpty() ? SoakVerdict.OK : SoakVerdict.LIVENESS, Duration.ofNanos(at - from));
  }

  /** Whoever runs the controller starts it again when it has died. */
  private void restart(Happening happening) {
    if (happening instanceof Happening.ControllerWent(boolean up, String why) && !up) {
      RandomGenerator chance = plan.seeds().stream("restart", rig.time().nanos());
      rig.time()
          .after(Duration.ofMillis(500 + chance.nextInt(120_000)), () -> rig.controller().start());
    }
  }

  private void count(Happening happening) {
    if (happening instanceof Happening.Activated) {
      promotions++;
    }
  }

  private SoakResult result(SoakVerdict verdict, Duration healing) {
    return new SoakResult(
        plan.seeds().root(),
        verdict,
        plan.toString(),
        rig.breaches().all(),
        Duration.ofNanos(rig.time().nanos()),
        healing,
        promotions,
        trace.hash(),
        trace.count(),
        trace.tail());
  }
}
