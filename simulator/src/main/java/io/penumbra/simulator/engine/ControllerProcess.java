package io.penumbra.simulator.engine;

import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.command.Command.FenceCommand;
import io.penumbra.domain.command.Command.TrafficCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.detector.HeartbeatMonitor;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.loop.ControlLoop;
import io.penumbra.scheduler.loop.Inbox;
import io.penumbra.scheduler.loop.LoopPorts;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.scheduler.port.Alerts;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.TrafficRouter;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The process in which the production control loop runs: it is woken, it can die at any point, and
 * it comes back with nothing but its journal.
 */
public final class ControllerProcess {

  /** Rounds of one step after which a loop that always finds more to do is called spinning. */
  private static final int ROUNDS_MAX = 10_000;

  /**
   * What the process is started with, every time.
   *
   * @param stepDelay from the first news to the step that handles it; what comes meanwhile goes
   *     along
   * @param died is told when the loop throws by itself, which it must never do
   */
  public record Setup(
      World world,
      Cloud cloud,
      Fencer fencer,
      TrafficRouter traffic,
      Journal journal,
      Alerts alerts,
      DecisionLog decisions,
      FleetSettings fleet,
      PlacementSettings placement,
      SchedulerSettings settings,
      UnaryOperator<Event> incoming,
      CrashPoints crashes,
      Duration stepDelay,
      TransitionObserver transitions,
      Runnable restarting,
      Consumer<String> died) {}

  private final Setup setup;
  private final Deque<Event> overflow = new ArrayDeque<>();
  private Inbox inbox;
  private @Nullable ControlLoop loop;
  private HeartbeatMonitor monitor;
  private @Nullable Fleet fleet;
  private long stepAt = Long.MAX_VALUE;
  private long tickAt = Long.MAX_VALUE;
  private int life;
  private boolean dead;

  public ControllerProcess(Setup setup) {
    this.setup = setup;
    this.inbox = new Inbox(setup.settings.loop().inboxMax());
    this.monitor = new HeartbeatMonitor(setup.settings.detector(), inbox);
  }

  public boolean up() {
    return loop != null;
  }

  /** Whether the loop died by itself; it is not started again then. */
  public boolean dead() {
    return dead;
  }

  /** What the loop knows, while it lives. */
  public Optional<LoopView> view() {
    return Optional.ofNullable(loop).map(ControlLoop::view);
  }

  /** Starts the process: recovers from the journal and the cloud. */
  public void start() {
    if (loop != null || dead) {
      return;
    }
    setup.restarting.run();
    inbox = new Inbox(setup.settings.loop().inboxMax());
    monitor = new HeartbeatMonitor(setup.settings.detector(), inbox);
    monitor.fleetSize(setup.world.hosts().size());
    overflow.clear();
    life++;
    stepAt = Long.MAX_VALUE;
    tickAt = Long.MAX_VALUE;
    guarded(() -> {
      fleet = new Fleet(setup.fleet);
      Placer placer = new Placer(fleet, setup.placement);
      loop = ControlLoop.start(ports(), placer, setup.settings, setup.transitions);
    });
    ControlLoop started = loop;
    if (started != null) {
      for (LoopView.IncidentView incident : started.view().incidents()) {
        monitor.watchSuspected(incident.host(), setup.world.time().instant());
      }
      tickWhenDue();
      setup.world.controllerWent(true, "started");
      wake();
    } else if (!dead) {
      setup.world.controllerWent(false, "died while it started");
    }
  }

  private LoopPorts ports() {
    return new LoopPorts(
        new CloudAtRisk(),
        this::fence,
        this::route,
        setup.journal,
        setup.alerts,
        setup.decisions,
        inbox,
        setup.world.time());
  }

  /** The process dies; whatever was on its way to it is lost. */
  public void crash(String why) {
    if (loop == null) {
      return;
    }
    loop = null;
    life++;
    setup.crashes.disarm();
    setup.world.controllerWent(false, why);
  }

  /** Memory that placement holds back for shadows besides what they hold, in MiB. */
  long reservedMemoryMib() {
    Fleet known = fleet;
    long reserved = 0;
    if (known != null) {
      for (HostView host : known.hosts()) {
        reserved += host.reserved().memoryMib();
      }
    }
    return reserved;
  }

  /** Something for the loop from outside the cloud's feed. Lost when the process is down. */
  public void offer(Event event) {
    if (loop == null) {
      return;
    }
    overflow.addLast(setup.incoming.apply(event));
    drainOverflow();
    wake();
  }

  private void drainOverflow() {
    while (!overflow.isEmpty() && inbox.offer(overflow.peekFirst())) {
      overflow.removeFirst();
    }
  }

  /** There is news: step soon. */
  public void wake() {
    stepBy(setup.world.now() + setup.stepDelay.toNanos());
  }

  private void stepBy(long at) {
    if (loop == null || at >= stepAt) {
      return;
    }
    stepAt = at;
    int now = life;
    setup
        .world
        .time()
        .at(
            at,
            () -> {
              if (life == now && stepAt == at) {
                stepAt = Long.MAX_VALUE;
                step();
              }
            });
  }

  private void step() {
    ControlLoop running = loop;
    if (running == null) {
      return;
    }
    drainOverflow();
    guarded(() -> {
      int rounds = 0;
      while (running.step() > 0) {
        drainOverflow();
        if (++rounds > ROUNDS_MAX) {
          throw new IllegalStateException(
              "the loop found more to do %d times in a row".formatted(rounds));
        }
      }
    });
    if (loop != null) {
      running.nextWakeup().ifPresent(this::stepAt);
    }
  }

  private void stepAt(Instant at) {
    stepBy(Math.max(setup.world.now() + 1, setup.world.time().nanosOf(at)));
  }

  /** Asks placement; empty when the process is down or dies over it. */
  public Optional<PlacementDecision> place(PlacementRequest request) {
    ControlLoop running = loop;
    if (running == null) {
      return Optional.empty();
    }
    PlacementDecision[] answer = new PlacementDecision[1];
    guarded(() -> answer[0] = running.place(request));
    wake();
    return loop == null ? Optional.empty() : Optional.ofNullable(answer[0]);
  }

  private void guarded(Runnable work) {
    try {
      work.run();
    } catch (SimulatedCrash crash) {
      setup.crashes.disarm();
      crash("died " + crash.getMessage());
    } catch (RuntimeException bug) {
      dead = true;
      crash("died by itself: " + bug);
      setup.died.accept(describe(bug));
    }
  }

  private static String describe(RuntimeException bug) {
    StringBuilder text = new StringBuilder(bug.toString());
    StackTraceElement[] trace = bug.getStackTrace();
    for (int i = 0; i < Math.min(8, trace.length); i++) {
      text.append("\n    at ").append(trace[i]);
    }
    return text.toString();
  }

  // The detector's side.

  /** Watches a host from now on. */
  void watch(HostId host) {
    if (loop != null) {
      monitor.watch(host, setup.world.time().instant());
      tickWhenDue();
    }
  }

  /** Whether the loop has trouble with a host that has not ended. */
  boolean hasIncident(HostId host) {
    ControlLoop running = loop;
    return running != null
        && running.view().incidents().stream().anyMatch(incident -> incident.host().equals(host));
  }

  void unwatch(HostId host) {
    monitor.unwatch(host);
  }

  void heartbeat(HostId host) {
    if (loop != null) {
      monitor.heartbeat(host, setup.world.time().instant());
      if (inbox.size() > 0) {
        wake();
      }
      tickWhenDue();
    }
  }

  private void tickWhenDue() {
    Optional<Instant> deadline = monitor.nextDeadline();
    if (deadline.isEmpty()) {
      return;
    }
    long at = Math.max(setup.world.now() + 1, setup.world.time().nanosOf(deadline.get()));
    if (at >= tickAt) {
      return;
    }
    tickAt = at;
    int now = life;
    setup
        .world
        .time()
        .at(
            at,
            () -> {
              if (life == now && tickAt == at) {
                tickAt = Long.MAX_VALUE;
                tick();
              }
            });
  }

  private void tick() {
    if (loop != null) {
      guarded(() -> monitor.tick(setup.world.time().instant()));
      if (inbox.size() > 0) {
        wake();
      }
      tickWhenDue();
    }
  }

  // The ports, with a crash point on either side of every call that leaves a trace outside.

  private void fence(FenceCommand command) {
    setup.crashes.pass("before a fencing command");
    setup.fencer.execute(command);
    setup.crashes.pass("after a fencing command");
  }

  private void route(TrafficCommand command) {
    setup.crashes.pass("before a traffic command");
    setup.traffic.execute(command);
    setup.crashes.pass("after a traffic command");
  }

  private final class CloudAtRisk implements Cloud {
    @Override
    public Snapshot snapshot() {
      return setup.cloud.snapshot();
    }

    @Override
    public Page events(long cursor, int max) {
      Page page = setup.cloud.events(cursor, max);
      List<Event> seen = page.events().stream().map(setup.incoming).toList();
      return new Page(seen, page.next());
    }

    @Override
    public void execute(CloudCommand command) {
      setup.crashes.pass("before a cloud command");
      setup.cloud.execute(command);
      setup.crashes.pass("after a cloud command");
    }
  }

  /** Says something in the trace. */
  void note(String text) {
    setup.world.tell(new Happening.Noted(text));
  }
}
