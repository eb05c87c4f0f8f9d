package io.penumbra.scheduler.loop;

import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.Placer;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.port.Alerts.Alert;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Journal;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The single writer: folds events into what is known, decides, writes down what it is about to do,
 * and only then asks the world to do it. Owned by one thread.
 *
 * <p>One step does work for what has happened since the last, never for the whole fleet; only
 * reconciling, every {@code loop.reconcileEvery}, reads everything.
 */
public final class ControlLoop {

  private static final int PAGES_PER_STEP = 64;

  private final LoopPorts ports;
  private final LoopState state;
  private final Decider decider;
  private final Recovery recovery;
  private final Reconciler reconciler;
  private final LoopView view;
  private long cursor;
  private long written;
  private long writtenAtRewrite;
  private boolean dead;

  private ControlLoop(LoopPorts ports, LoopState state) {
    this.ports = ports;
    this.state = state;
    this.decider = new Decider(state);
    this.recovery = new Recovery(state, decider);
    this.reconciler = new Reconciler(state, decider);
    this.view = new LiveView(state);
  }

  /**
   * Recovers from the journal and from what the cloud reports, resumes every failover that was
   * under way, and is ready to {@link #step}.
   *
   * @param placer on an empty fleet, which the loop fills and owns from now on
   */
  public static ControlLoop start(
      LoopPorts ports, Placer placer, SchedulerSettings settings, TransitionObserver observer) {
    if (placer.fleet().hostCount() != 0) {
      throw new IllegalArgumentException(
          "the fleet has %d hosts already; expected none. Maybe a placer of an earlier loop was passed"
              .formatted(placer.fleet().hostCount()));
    }
    LoopState state =
        new LoopState(placer, ports.decisions(), settings, observer, ports.clock().instant());
    ControlLoop loop = new ControlLoop(ports, state);
    loop.recover();
    return loop;
  }

  private void recover() {
    ports
        .journal()
        .replay(entry -> {
          written++;
          recovery.read(entry);
        });
    // Durable before any id of this incarnation leaves the loop.
    ports.journal().append(List.of(startLine()));
    Cloud.Snapshot snapshot = ports.cloud().snapshot();
    cursor = snapshot.cursor();
    recovery.build(snapshot);
    remindTraffic();
    decider.settle();
    remindToReconcile();
    flush();
  }

  /** Clients are where they were; but whoever is to keep them there has been started anew. */
  private void remindTraffic() {
    state.wards.values().stream()
        .filter(ward -> ward.saga.isEmpty() && ports.traffic().forgets(ward.id()))
        .sorted(Comparator.comparing(Ward::id))
        .forEach(ward -> {
          decider.traffic.leaving(ward);
          state.touch(ward.id());
        });
  }

  private Journal.Entry startLine() {
    return state.codec.entry(
        state.now, JournalCodec.START, "loop", new JournalCodec.StartLine(state.incarnation));
  }

  private void remindToReconcile() {
    state.timers.at(state.now.plus(state.settings.loop().reconcileEvery()), new Wake.Reconcile());
  }

  /**
   * Takes in everything that has happened and does what follows from it. When it throws, the loop
   * is dead: start another one from the journal.
   *
   * @return how many events and timers it handled; 0 means there was nothing to do
   */
  public int step() {
    refuseWhenDead();
    dead = true; // until the step has come to its end
    tick();
    int handled = takeCloudEvents() + takeInbox() + takeTimers();
    decider.settle();
    flush();
    dead = false;
    return handled;
  }

  private void refuseWhenDead() {
    if (dead) {
      throw new IllegalStateException(
          "this loop broke off in the middle of a step; start another one from the journal");
    }
  }

  /** Time never runs backwards within a loop, whatever the clock does. */
  private void tick() {
    Instant now = ports.clock().instant();
    if (now.isAfter(state.now)) {
      state.now = now;
    }
    state.steps++;
  }

  private int takeCloudEvents() {
    int handled = 0;
    for (int i = 0; i < PAGES_PER_STEP; i++) {
      Cloud.Page page = ports.cloud().events(cursor, state.settings.loop().eventsPerPage());
      page.events().forEach(this::fold);
      handled += page.events().size();
      boolean last = page.next() == cursor || page.events().isEmpty();
      cursor = page.next();
      if (last) {
        break;
      }
    }
    return handled;
  }

  /** An event is folded in, and what it has touched is looked at, before the next one. */
  private void fold(Event event) {
    decider.on(event);
    decider.settle();
  }

  private int takeInbox() {
    List<Event> events = ports.inbox().drain();
    events.forEach(this::fold);
    return events.size();
  }

  private int takeTimers() {
    int handled = 0;
    Optional<Wake> due = state.timers.due(state.now);
    while (due.isPresent()) {
      handled++;
      Wake wake = due.get();
      if (wake instanceof Wake.Reconcile) {
        reconcile();
        remindToReconcile();
      } else if (wake instanceof Wake.LookAgain) {
        reconcile();
      } else if (wake instanceof Wake.ClaimExpiry expiry && decider.vms.expired(expiry)) {
        reconcile();
      } else {
        decider.on(wake);
      }
      decider.settle();
      due = state.timers.due(state.now);
    }
    return handled;
  }

  private void reconcile() {
    Cloud.Snapshot snapshot = ports.cloud().snapshot();
    while (cursor < snapshot.cursor() && takeCloudEvents() > 0) {
      // what happened before the snapshot is folded in before it is compared
    }
    reconciler.compare(snapshot, recovery);
  }

  /** Writes everything down, and only then lets it happen. */
  private void flush() {
    List<Journal.Entry> entries = state.effects.entries();
    List<Command> commands = state.effects.commands();
    List<Alert> alerts = state.effects.alerts();
    state.effects.clear();
    if (!entries.isEmpty()) {
      ports.journal().append(entries);
      written += entries.size();
      compact();
    }
    state.commands += commands.size();
    commands.forEach(this::execute);
    alerts.forEach(ports.alerts()::raise);
  }

  private void execute(Command command) {
    switch (command) {
      case Command.CloudCommand c -> ports.cloud().execute(c);
      case Command.FenceCommand c -> ports.fencer().execute(c);
      case Command.TrafficCommand c -> ports.traffic().execute(c);
    }
  }

  /** Rewrites the journal when most of it is past. */
  private void compact() {
    long bound = Math.max(state.settings.loop().journalEntriesMax(), 2 * writtenAtRewrite);
    if (written > bound) {
      List<Journal.Entry> live = Recovery.live(state);
      ports.journal().rewrite(live);
      written = live.size();
      writtenAtRewrite = live.size();
    }
  }

  /**
   * Decides where a VM goes, claims the capacity and logs the decision, at once. When placement's
   * answer has gone stale it is decided again, a bounded number of times; then it is a refusal. A
   * VM that runs already is decided on but not claimed.
   */
  public PlacementDecision place(PlacementRequest request) {
    return place(request, Optional.empty());
  }

  /** The same, for whoever has asked placement on this thread already; its answer is used. */
  public PlacementDecision place(PlacementRequest request, PlacementDecision decided) {
    return place(request, Optional.of(decided));
  }

  private PlacementDecision place(PlacementRequest request, Optional<PlacementDecision> decided) {
    refuseWhenDead();
    dead = true;
    tick();
    state.placements++;
    state.ward(request.vm().id()).filter(ward -> ward.claimed).ifPresent(decider.vms::overdue);
    PlacementDecision decision = decideAndClaim(request, decided);
    if (decision.answer() instanceof PlacementDecision.Refused) {
      state.refusals++;
    }
    flush();
    dead = false;
    return decision;
  }

  private PlacementDecision decideAndClaim(
      PlacementRequest request, Optional<PlacementDecision> decided) {
    // what fell due in the meantime may have moved the fleet
    Optional<PlacementDecision> first =
        decided.filter(known -> known.generation() == state.fleet.generation());
    String why = "";
    for (int attempt = 0; attempt <= state.settings.loop().claimRetries(); attempt++) {
      PlacementDecision decision =
          attempt == 0 && first.isPresent() ? first.get() : state.placer.decide(request);
      state.decisions.decided(request, decision);
      boolean runs = state.ward(request.vm().id()).isPresent();
      if (runs || !(decision.answer() instanceof PlacementDecision.Placed)) {
        return decision;
      }
      switch (state.placer.claim(request, decision)) {
        case ClaimResult.Claimed claimed -> {
          decider.vms.claimed(request.vm(), claimed.changes());
          state.wish(request.vm().id(), Wishes.of(request));
          return decision;
        }
        case ClaimResult.Stale stale -> {
          state.staleClaims++;
          why = stale.why();
        }
      }
    }
    PlacementDecision refused = refusedAsStale(request, why);
    state.decisions.decided(request, refused);
    return refused;
  }

  private PlacementDecision refusedAsStale(PlacementRequest request, String why) {
    return new PlacementDecision(
        request.id(),
        request.vm().id(),
        request.at(),
        state.fleet.generation(),
        request.seed(),
        request.vm().policy().source(),
        Optional.empty(),
        new PlacementDecision.Refused(
            List.of(
                new PlacementDecision.RefusalCount(
                    "claim",
                    state.hosts.size(),
                    "a decision that still holds when it is claimed",
                    why))));
  }

  /**
   * Sends a VM's clients to the host it is on, or promised to, and asks until both ways were seen
   * to lead there. For who has just had one started: nobody could know before where it would be.
   */
  public void sendClients(VmId vm) {
    refuseWhenDead();
    dead = true;
    tick();
    state
        .ward(vm)
        .ifPresent(ward -> {
          decider.traffic.leaving(ward);
          state.touch(vm);
        });
    decider.settle();
    flush();
    dead = false;
  }

  /** When {@link #step} has something to do even if nothing happens until then. */
  public Optional<Instant> nextWakeup() {
    return ports.inbox().size() > 0 ? Optional.of(state.now) : state.timers.next();
  }

  /** What the loop knows; read it on the loop's thread. */
  public LoopView view() {
    return view;
  }
}
