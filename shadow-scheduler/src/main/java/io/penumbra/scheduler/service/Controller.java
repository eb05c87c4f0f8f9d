package io.penumbra.scheduler.service;

import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.detector.HeartbeatMonitor;
import io.penumbra.scheduler.loop.ControlLoop;
import io.penumbra.scheduler.loop.Inbox;
import io.penumbra.scheduler.loop.LoopPorts;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.scheduler.port.Alerts;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.scheduler.port.Journal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The process around the control loop: one thread steps it, feeds the failure detector, answers
 * questions, and starts another loop from the journal when one breaks off. Every other method may
 * be called from any thread.
 */
public final class Controller implements EventSink, AutoCloseable {

  private static final int BEATS_MAX = 65_536;
  private static final int QUESTIONS_MAX = 4_096;
  private static final int ROUNDS_MAX = 64;
  private static final Duration FIRST_WAIT = Duration.ofMillis(100);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);
  private static final Duration LONGEST_NAP = Duration.ofSeconds(1);

  private final SchedulerSettings settings;
  private final InstantSource clock;
  private final Inbox inbox;
  private final ArrayBlockingQueue<Beat> beats = new ArrayBlockingQueue<>(BEATS_MAX);
  private final ArrayBlockingQueue<Question<?>> questions = new ArrayBlockingQueue<>(QUESTIONS_MAX);
  private final Semaphore bell = new Semaphore(0);
  private volatile ControllerState state;
  private volatile boolean closing;
  private volatile boolean beatsLost;
  private Optional<Thread> thread = Optional.empty();

  private record Beat(HostId host, Instant arrival) {}

  /** A controller that does not work yet, but can be given to the ports as their sink. */
  public Controller(SchedulerSettings settings, InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
    inbox = new Inbox(settings.loop().inboxMax());
    state = new ControllerState.Starting(clock.instant());
  }

  /** Begins to work. Returns at once; {@link #state} tells how far it is. */
  public synchronized void start(ControllerSetup setup) {
    if (thread.isPresent()) {
      throw new IllegalStateException("this controller was started before; make another one");
    }
    thread = Optional.of(Thread.ofPlatform().name("controller").start(() -> run(setup)));
  }

  /** How it is. */
  public ControllerState state() {
    return state;
  }

  @Override
  public boolean offer(Event event) {
    boolean taken = inbox.offer(event);
    wake();
    return taken;
  }

  /** The cloud has something to tell. */
  public void wake() {
    if (bell.availablePermits() == 0) {
      bell.release();
    }
  }

  /** A host's heartbeat has arrived just now. From its first one on, the host is watched. */
  public void heartbeat(HostId host) {
    if (!beats.offer(new Beat(host, clock.instant()))) {
      beatsLost = true;
    }
    wake();
  }

  /**
   * Decides where a VM goes and claims the room.
   *
   * @throws ControllerBusyException if it has not answered in time; what it decides after that is a
   *     claim that expires by itself
   */
  public PlacementDecision place(PlacementRequest request, Duration atMost)
      throws InterruptedException {
    return ask((loop, placer) -> loop.place(request), atMost);
  }

  /** Reads what the loop knows. */
  public <T> T view(Function<LoopView, T> reader, Duration atMost) throws InterruptedException {
    return ask((loop, placer) -> reader.apply(loop.view()), atMost);
  }

  /**
   * Asks loop and placer something on their own thread. The answer must not be a living part of
   * them.
   *
   * @throws ControllerBusyException if too many ask, or none is answered in time
   */
  public <T> T ask(BiFunction<ControlLoop, Placer, T> ask, Duration atMost)
      throws InterruptedException {
    Question<T> question = new Question<>(ask::apply, new CompletableFuture<>());
    if (closing || !questions.offer(question)) {
      throw new ControllerBusyException(
          closing ? "it is closed" : "%d questions wait already".formatted(QUESTIONS_MAX));
    }
    wake();
    return question.await(atMost);
  }

  @Override
  public void close() {
    closing = true;
    wake();
    thread.ifPresent(Controller::joinFully);
    state = new ControllerState.Closed();
  }

  private static void joinFully(Thread worker) {
    boolean interrupted = false;
    while (worker.isAlive()) {
      try {
        worker.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(ControllerSetup setup) {
    int attempts = 0;
    while (!closing) {
      Instant began = clock.instant();
      state = new ControllerState.Starting(began);
      try {
        live(setup);
      } catch (InterruptedException e) {
        closing = true;
      } catch (RuntimeException e) {
        boolean lasted = Duration.between(began, clock.instant()).compareTo(LONGEST_WAIT) > 0;
        attempts = lasted ? 1 : attempts + 1;
        mourn(setup.alerts(), e, attempts);
      }
    }
    refuseQuestions();
  }

  /** Says what happened, and waits before another loop is started. */
  private void mourn(Alerts alerts, RuntimeException cause, int attempts) {
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(10, attempts - 1));
    wait = wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    Instant now = clock.instant();
    String why = String.valueOf(cause);
    state = new ControllerState.Recovering(now, attempts, why, now.plus(wait));
    alerts.raise(
        new Alerts.Alert(
            now,
            "controller-restarted",
            "controller",
            "the control loop broke off (%d in a row): %s".formatted(attempts, why),
            "it starts again from its journal; if this goes on, look at the journal and the cloud's API"));
    long until = Math.addExact(nanosOf(now), wait.toNanos());
    while (!closing && nanosOf(clock.instant()) < until) {
      nap(Duration.ofMillis(20));
    }
  }

  private void nap(Duration wait) {
    try {
      if (bell.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS) && !closing) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
    } catch (InterruptedException e) {
      closing = true;
    }
  }

  private void live(ControllerSetup setup) throws InterruptedException {
    HeartbeatMonitor monitor = new HeartbeatMonitor(settings.detector(), inbox);
    Placer placer = new Placer(new Fleet(setup.fleet()), setup.placement());
    try (Journal journal = setup.journal().get();
        DecisionLog decisions = setup.decisions().apply(placer)) {
      LoopPorts ports =
          new LoopPorts(
              new WatchedCloud(setup.cloud(), monitor),
              setup.fencer(),
              setup.traffic(),
              journal,
              setup.alerts(),
              decisions,
              inbox,
              clock);
      ControlLoop loop = ControlLoop.start(ports, placer, settings, setup.transitions());
      monitor.fleetSize(placer.fleet().hostCount());
      for (LoopView.IncidentView incident : loop.view().incidents()) {
        monitor.watchSuspected(incident.host(), clock.instant());
      }
      state = new ControllerState.Working(clock.instant());
      while (!closing) {
        work(loop, placer, monitor);
        decisions.flush();
        sleepUntilNeeded(loop, monitor);
      }
    }
  }

  private void work(ControlLoop loop, Placer placer, HeartbeatMonitor monitor) {
    bell.drainPermits();
    hear(monitor);
    monitor.tick(clock.instant());
    int rounds = 0;
    while (loop.step() > 0 && rounds < ROUNDS_MAX) {
      rounds++;
    }
    if (rounds == ROUNDS_MAX) {
      wake(); // there is more, but heartbeats and questions have their turn
    }
    for (Question<?> next = questions.poll(); next != null; next = questions.poll()) {
      next.answerBy(loop, placer);
    }
    monitor.fleetSize(placer.fleet().hostCount());
  }

  private void hear(HeartbeatMonitor monitor) {
    if (beatsLost) {
      beatsLost = false;
      monitor.ownTrouble(clock.instant());
    }
    int most = beats.size();
    for (int i = 0; i < most; i++) {
      Beat beat = beats.poll();
      if (beat == null) {
        return;
      }
      monitor.watch(beat.host(), beat.arrival());
      monitor.heartbeat(beat.host(), beat.arrival());
    }
  }

  private void sleepUntilNeeded(ControlLoop loop, HeartbeatMonitor monitor)
      throws InterruptedException {
    if (!questions.isEmpty() || !beats.isEmpty()) {
      return;
    }
    Instant now = clock.instant();
    Duration most = LONGEST_NAP;
    most = sooner(most, now, loop.nextWakeup());
    most = sooner(most, now, monitor.nextDeadline());
    if (most.isPositive() && bell.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS)) {
      bell.drainPermits();
    }
  }

  private static Duration sooner(Duration most, Instant now, Optional<Instant> at) {
    if (at.isEmpty()) {
      return most;
    }
    Duration until = Duration.between(now, at.get());
    return until.compareTo(most) < 0 ? until : most;
  }

  private void refuseQuestions() {
    for (Question<?> next = questions.poll(); next != null; next = questions.poll()) {
      next.answer().completeExceptionally(new ControllerBusyException("it is closed"));
    }
  }

  private static long nanosOf(Instant at) {
    return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000_000L), at.getNano());
  }

  /** Sees which hosts there are, so that one that never beats is missed as well. */
  private final class WatchedCloud implements Cloud {
    private final Cloud cloud;
    private final HeartbeatMonitor monitor;

    WatchedCloud(Cloud cloud, HeartbeatMonitor monitor) {
      this.cloud = cloud;
      this.monitor = monitor;
    }

    @Override
    public Snapshot snapshot() {
      Snapshot snapshot = cloud.snapshot();
      snapshot.hosts().forEach(report -> seen(report.host().id(), report.condition()));
      return snapshot;
    }

    @Override
    public Page events(long cursor, int max) {
      Page page = cloud.events(cursor, max);
      for (Event event : page.events()) {
        switch (event) {
          case Event.HostDiscovered found -> seen(found.host().id(), HostCondition.UP);
          case Event.HostConditionReported report -> seen(report.host(), report.condition());
          case Event.HostRemoved gone -> monitor.unwatch(gone.host());
          default -> {}
        }
      }
      return page;
    }

    @Override
    public void execute(Command.CloudCommand command) {
      cloud.execute(command);
    }

    /** One that is down or worked upon is silent for a reason; its next heartbeat is heard. */
    private void seen(HostId host, HostCondition condition) {
      if (condition == HostCondition.DOWN || condition == HostCondition.MAINTENANCE) {
        monitor.unwatch(host);
      } else {
        monitor.watch(host, clock.instant());
      }
    }
  }
}
