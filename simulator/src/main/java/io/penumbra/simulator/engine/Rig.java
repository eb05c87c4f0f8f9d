package io.penumbra.simulator.engine;

import io.penumbra.domain.fleet.Host;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.journal.InMemoryJournal;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.port.Alerts;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.check.Breaches;
import io.penumbra.simulator.check.BreakerHolds;
import io.penumbra.simulator.check.Checker;
import io.penumbra.simulator.check.DecisionsExplainThemselves;
import io.penumbra.simulator.check.EpochsOnlyGrow;
import io.penumbra.simulator.check.NothingPromisedTwice;
import io.penumbra.simulator.check.NothingSecretInLogs;
import io.penumbra.simulator.check.OneInstanceServes;
import io.penumbra.simulator.check.OutputWaitsForAck;
import io.penumbra.simulator.check.ShadowsStandApart;
import io.penumbra.simulator.check.ShadowsStaySilent;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.time.VirtualTime;
import io.penumbra.simulator.world.Operations;
import io.penumbra.simulator.world.SimulatedCloud;
import io.penumbra.simulator.world.SimulatedFencer;
import io.penumbra.simulator.world.SimulatedTraffic;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A world with the production control loop plugged into it, and the checkers looking on. What
 * happens in it is up to whoever drives it.
 */
public final class Rig {

  /**
   * What a rig is built of.
   *
   * @param everyHostBeats whether heartbeats are not elided
   * @param askTwiceEvery asks the mirror fleet at every n-th decision; 0 never
   * @param check whether the checkers look on
   */
  public record Blueprint(
      Instant start,
      Seeds seeds,
      List<Host> hosts,
      WorldSpec world,
      FleetSettings fleet,
      PlacementSettings placement,
      SchedulerSettings scheduler,
      DecisionLog decisions,
      Alerts alerts,
      TransitionObserver transitions,
      Duration stepDelay,
      boolean everyHostBeats,
      int askTwiceEvery,
      List<String> canaries,
      Seams seams,
      boolean check) {}

  private final VirtualTime time;
  private final World world;
  private final SimulatedCloud cloud;
  private final Operations operations;
  private final InMemoryJournal journal = new InMemoryJournal();
  private final CrashPoints crashes = new CrashPoints();
  private final ControllerProcess controller;
  private final Heartbeats heartbeats;
  private final Tenants tenants;
  private final Breaches breaches;
  private final List<Checker> checkers;

  /** Builds everything; nothing happens yet. */
  public Rig(Blueprint plan, FaultDice dice) {
    time = new VirtualTime(plan.start());
    world = new World(time, plan.world(), plan.seeds(), plan.hosts());
    world.gate(plan.seams().gate());
    breaches = new Breaches(time, plan.seeds().root());
    cloud = new SimulatedCloud(world, dice, plan.seeds());
    operations = new Operations(world, cloud);
    NothingPromisedTwice promises = new NothingPromisedTwice(world, plan.fleet(), breaches);
    DecisionsExplainThemselves reasons =
        new DecisionsExplainThemselves(
            plan.seams().fleet().apply(plan.fleet()),
            plan.placement(),
            plan.askTwiceEvery(),
            breaches);
    NothingSecretInLogs reader = new NothingSecretInLogs(plan.canaries(), breaches);
    checkers = checkers(plan, promises, reasons, reader);
    controller = controller(plan, dice, promises, reasons, reader);
    cloud.feed().onEvent(controller::wake);
    heartbeats = new Heartbeats(world, controller, plan.seeds(), plan.everyHostBeats());
    tenants =
        new Tenants(
            world, cloud, controller, plan.seams().placing(), plan.seeds().stream("vm-creation"));
  }

  private List<Checker> checkers(
      Blueprint plan,
      NothingPromisedTwice promises,
      DecisionsExplainThemselves reasons,
      NothingSecretInLogs reader) {
    OneInstanceServes one = new OneInstanceServes(world, breaches);
    ShadowsStandApart apart = new ShadowsStandApart(world, breaches);
    EpochsOnlyGrow epochs = new EpochsOnlyGrow(world, breaches);
    OutputWaitsForAck output = new OutputWaitsForAck(world, breaches);
    ShadowsStaySilent silent = new ShadowsStaySilent(world, breaches);
    BreakerHolds breaker = new BreakerHolds(world, plan.scheduler().breaker(), breaches);
    if (!plan.check()) {
      return List.of();
    }
    world.observe(one);
    world.observe(apart);
    world.observe(epochs);
    world.observe(output);
    world.observe(silent);
    world.observe(promises);
    world.observe(breaker);
    return List.of(one, apart, epochs, output, promises, silent, breaker, reasons, reader);
  }

  private ControllerProcess controller(
      Blueprint plan,
      FaultDice dice,
      NothingPromisedTwice promises,
      DecisionsExplainThemselves reasons,
      NothingSecretInLogs reader) {
    Seams seams = plan.seams();
    ControllerProcess[] self = new ControllerProcess[1];
    self[0] =
        new ControllerProcess(
            new ControllerProcess.Setup(
                world,
                seams.cloud().apply(cloud),
                seams
                    .fencer()
                    .apply(
                        new SimulatedFencer(
                            world, dice, plan.seeds(), event -> self[0].offer(event))),
                seams
                    .traffic()
                    .apply(
                        new SimulatedTraffic(
                            world, dice, plan.seeds(), event -> self[0].offer(event))),
                seams.journal().apply(new JournalAtRisk(journal, crashes, reader)),
                plan.alerts(),
                plan.check()
                    ? new WatchedDecisions(plan.decisions(), promises, reasons, reader)
                    : plan.decisions(),
                seams.fleet().apply(plan.fleet()),
                plan.placement(),
                seams.settings().apply(plan.scheduler()),
                seams.incoming(),
                crashes,
                plan.stepDelay(),
                plan.transitions(),
                () -> {
                  promises.restarted();
                  reasons.restarted();
                },
                why -> breaches.loopDied(why)));
    return self[0];
  }

  public VirtualTime time() {
    return time;
  }

  public World world() {
    return world;
  }

  public SimulatedCloud cloud() {
    return cloud;
  }

  public Operations operations() {
    return operations;
  }

  public CrashPoints crashes() {
    return crashes;
  }

  public ControllerProcess controller() {
    return controller;
  }

  public Heartbeats heartbeats() {
    return heartbeats;
  }

  public Tenants tenants() {
    return tenants;
  }

  public Breaches breaches() {
    return breaches;
  }

  /** Lets every checker look at everything. */
  public void scan() {
    for (Checker checker : checkers) {
      checker.fullScan();
    }
  }

  /** Runs until then, or until the first breach when that ends the run. */
  public void runUntil(long nanos, boolean stopAtBreach) {
    while (time.runNext(nanos)) {
      if (stopAtBreach && !breaches.isEmpty()) {
        return;
      }
    }
  }
}
