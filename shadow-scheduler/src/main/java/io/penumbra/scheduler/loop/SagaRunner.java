package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.command.Command;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.RescueOrder;
import io.penumbra.scheduler.failover.SagaSignal;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.failover.SagaTable;
import io.penumbra.scheduler.lifecycle.ShadowState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Moves failovers from step to step: what each step asks for is here, what its answers mean is in
 * {@link SagaAnswers}. Every step can be asked for again, under the same id after a restart.
 */
final class SagaRunner {

  private final LoopState state;
  private final ShadowKeeper keeper;
  private final HostWarden hosts;
  private final TrafficWarden traffic;
  private final Targets targets;

  SagaRunner(LoopState state, ShadowKeeper keeper, HostWarden hosts, TrafficWarden traffic) {
    this.state = state;
    this.keeper = keeper;
    this.hosts = hosts;
    this.traffic = traffic;
    this.targets = new Targets(state);
  }

  // --- beginning and end

  Saga begin(Ward ward, FailoverReason reason, Instant suspectedAt) {
    Saga saga = new Saga(state.newSaga(), ward.id(), ward.host, reason, suspectedAt, state.now);
    state.sagas.put(saga.id, saga);
    ward.saga = Optional.of(saga.id);
    enqueue(ward, saga);
    write(ward, saga);
    return saga;
  }

  void enqueue(Ward ward, Saga saga) {
    unqueue(saga);
    RescueOrder order =
        new RescueOrder(
            !saga.primaryAlive,
            ward.policy().priority(),
            RescueOrder.valueAtRisk(ward.vm, state.settings.risk()),
            ward.id(),
            saga.id);
    state.queue.add(order);
    state.queued.put(saga.id, order);
    state.admitAgain = true;
  }

  private void unqueue(Saga saga) {
    RescueOrder order = state.queued.remove(saga.id);
    if (order != null) {
      state.queue.remove(order);
    }
  }

  private void finish(Ward ward, Saga saga) {
    if (saga.promotedAt.isPresent() && !saga.recorded) {
      saga.recorded = true;
      state.record(ledgerLine(saga, saga.promotedAt.get()));
    }
    saga.target.ifPresent(target -> keeper.release(ward, target));
    if (saga.step == SagaStep.CALLED_OFF) {
      state.calledOff++;
      saga.term.ifPresent(term -> state.servesUnder(ward.id(), term));
      if (saga.timings.containsKey(SagaStep.ACTIVATE)) {
        // The cloud's books may have followed an activation that was undone.
        state.locate(ward.id(), ward.host);
      }
      traffic.stayed(ward);
      ward.moveNotBefore = state.now.plus(state.settings.shadows().retryMax());
      state.timers.at(ward.moveNotBefore, new Wake.LookAt(ward.id()));
    }
    forgetAsked(saga);
    ward.saga = Optional.empty();
    state.sagas.remove(saga.id);
    state.touch(ward.id());
  }

  private FailoverRecord ledgerLine(Saga saga, Instant promotedAt) {
    return new FailoverRecord(
        saga.id,
        saga.vm,
        saga.reason,
        saga.from,
        saga.target.orElse(saga.from),
        saga.suspectedAt,
        promotedAt,
        state.now,
        saga.epoch.orElse(0L),
        saga.epochsLost,
        saga.age,
        saga.bytesLost,
        saga.zeroLoss,
        saga.verified,
        saga.proof.orElse(""),
        saga.timingList());
  }

  /** Whatever is still answered to what this saga has asked is void from now on. */
  private void forgetAsked(Saga saga) {
    saga.asked.forEach(state.pending::remove);
    saga.asked.clear();
  }

  // --- transitions

  void signal(Ward ward, Saga saga, SagaSignal signal) {
    SagaStep before = saga.step;
    boolean heldSlot = saga.holdsSlot();
    SagaStep next = SagaTable.TABLE.next(before, signal);
    state.observer.moved(SagaTable.TABLE.machine(), saga.id.value(), before, signal, next);
    if (signal == SagaSignal.LATE || (before == SagaStep.QUEUED && next == before)) {
      return;
    }
    saga.clock(state.now);
    saga.step = next;
    saga.attempt = signal == SagaSignal.RETRY ? saga.attempt + 1 : 1;
    saga.stepSince = state.now;
    saga.serial++;
    saga.waiting = false;
    if (before == SagaStep.QUEUED) {
      unqueue(saga);
    }
    if (next != SagaStep.FENCE || signal != SagaSignal.RETRY) {
      saga.roundFrom = saga.serial;
    }
    entering(ward, saga, signal);
    slot(heldSlot, saga.holdsSlot());
    issue(ward, saga);
    write(ward, saga);
  }

  /** What a transition makes void. */
  private void entering(Ward ward, Saga saga, SagaSignal signal) {
    if (signal != SagaSignal.RETRY && !saga.step.promoted() && !saga.step.terminal()) {
      saga.term = Optional.empty();
      saga.unheard = false;
    }
    switch (saga.step) {
      case FENCE -> {
        saga.proof = Optional.empty();
        if (saga.epoch.isEmpty()) {
          giveBack(ward, saga);
        }
        if (signal == SagaSignal.PRIMARY_DIED || signal == SagaSignal.EXHAUSTED) {
          saga.primaryAlive = false;
        }
      }
      case RESUME -> {
        saga.proof = Optional.empty();
        saga.epoch = Optional.empty();
        forgetAsked(saga);
        giveBack(ward, saga);
      }
      case ALLOCATE, REPLACE -> {
        if (signal != SagaSignal.RETRY && saga.askedAhead().isEmpty()) {
          saga.epoch = Optional.empty();
          giveBack(ward, saga);
        }
      }
      // Where it is activated, a host that dies has to be fenced before another is tried.
      case ACTIVATE -> state.admitAgain = true;
      case UNDO_ACTIVATE -> {
        saga.target.ifPresent(saga.tried::add);
        if (signal == SagaSignal.TARGET_LOST) {
          mayHaveRun(saga);
        }
        // If that host is held as dead, it has to be fenced now, though nothing on it is rescued.
        state.admitAgain = true;
      }
      case QUEUED,
          CONFIRM,
          LAST_SYNC,
          LOAD_BALANCER,
          DNS,
          VERIFY,
          RETIRE_PRIMARY,
          REPROTECT,
          WATCH,
          DONE,
          CALLED_OFF,
          DROPPED -> {}
    }
  }

  private void giveBack(Ward ward, Saga saga) {
    saga.target.ifPresent(target -> keeper.release(ward, target));
    saga.target = Optional.empty();
    saga.ahead.clear();
  }

  /** Whoever has come to life was the primary, and what it did must not be undone by an older. */
  void mayHaveRun(Saga saga) {
    long from = saga.epoch.orElse(0L);
    saga.activatedFrom = Optional.of(Math.max(from, saga.activatedFrom.orElse(0L)));
    saga.mayRunOn = saga.target;
    saga.primaryAlive = false;
  }

  private void slot(boolean before, boolean after) {
    if (before != after) {
      state.slotsTaken += after ? 1 : -1;
      state.admitAgain |= before;
    }
  }

  void write(Ward ward, Saga saga) {
    SortedMap<String, Long> acked = new TreeMap<>();
    ward.acked.forEach((host, epoch) -> acked.put(host.value(), epoch));
    state.write(JournalCodec.SAGA, saga.id.value(), JournalCodec.line(saga, acked));
  }

  // --- what each step asks for

  /** Asks for what the present step needs; after a restart, once more under the same ids. */
  void issue(Ward ward, Saga saga) {
    saga.outstanding = 0;
    if (awaitAhead(saga)) {
      return;
    }
    switch (saga.step) {
      case QUEUED -> {}
      case CONFIRM -> ask(saga, new Command.VerifyService(id(saga), saga.vm, saga.from), other());
      case FENCE -> fence(ward, saga);
      case ALLOCATE -> allocate(ward, saga);
      case REPLACE -> replace(ward, saga);
      case LAST_SYNC -> sync(ward, saga);
      case ACTIVATE -> activate(ward, saga);
      case UNDO_ACTIVATE -> undo(ward, saga);
      case LOAD_BALANCER ->
          ask(saga, new Command.PointLoadBalancer(id(saga), saga.vm, target(saga)), other());
      case DNS -> ask(saga, new Command.PointDns(id(saga), saga.vm, target(saga)), other());
      case VERIFY -> ask(saga, new Command.VerifyService(id(saga), saga.vm, target(saga)), other());
      case RETIRE_PRIMARY -> retire(ward, saga);
      case REPROTECT -> {
        keeper.ensure(ward);
        signal(ward, saga, SagaSignal.DONE);
      }
      case WATCH -> watch(ward, saga);
      case RESUME -> resumePrimary(saga);
      case DONE, CALLED_OFF, DROPPED -> finish(ward, saga);
    }
  }

  /** Whether it was asked for already; an answer that is there is taken when that is due: now. */
  private boolean awaitAhead(Saga saga) {
    Optional<Saga.Ahead> asked = saga.askedAhead();
    if (asked.isEmpty()) {
      return false;
    }
    saga.outstanding = 1;
    boolean sync = saga.step == SagaStep.LAST_SYNC;
    Duration most = sync ? state.settings.steps().sync() : other();
    deadline(saga, asked.get().answer().isPresent() ? Duration.ZERO : most);
    return true;
  }

  private Duration other() {
    return state.settings.steps().other();
  }

  /** The same step at the same serial gives the same id, so a restart asks for nothing twice. */
  private static CommandId id(Saga saga) {
    return id(saga, "");
  }

  private static CommandId id(Saga saga, String part) {
    return id(saga, saga.step, saga.serial, part);
  }

  private static CommandId id(Saga saga, SagaStep step, int serial, String part) {
    return CommandId.of("%s.%s.%d%s".formatted(saga.id, step, serial, part));
  }

  static HostId target(Saga saga) {
    return saga.target.orElseThrow(() ->
        new IllegalStateException(
            "saga %s of VM %s is at %s without a target".formatted(saga.id, saga.vm, saga.step)));
  }

  private void ask(Saga saga, Command command, Duration timeout) {
    ask(saga, command, new Owner.Whole());
    deadline(saga, timeout);
  }

  private void ask(Saga saga, Command command, Owner.Part part) {
    saga.outstanding++;
    saga.asked.add(command.id());
    state.command(command, new Owner.OfSaga(saga.id, saga.step, saga.serial, part));
  }

  private void deadline(Saga saga, Duration timeout) {
    state.timers.at(
        state.now.plus(timeout), new Wake.SagaDeadline(saga.id, saga.step, saga.serial));
  }

  /** Fences by every way there is at once; one that is certain is enough. */
  private void fence(Ward ward, Saga saga) {
    Optional<Incident> incident = state.host(saga.from).flatMap(host -> host.incident);
    if (incident.isPresent() && incident.get().proof.isPresent()) {
      fenced(ward, saga, incident.get().proof.get());
      return;
    }
    if (incident.isEmpty() || !incident.get().state.dead()) {
      ask(saga, new Command.FenceVm(id(saga, ".vm"), saga.vm, saga.from), new Owner.Instance());
    }
    for (Shadow shadow : ward.shadows) {
      boolean answers = state.host(shadow.host).map(host -> !host.dead()).orElse(false);
      if (shadow.full && answers) {
        ask(
            saga,
            new Command.ExpireLease(
                id(saga, ".lease@" + shadow.host), saga.vm, saga.from, shadow.host),
            new Owner.Lease(shadow.host));
      }
    }
    deadline(saga, state.settings.fencing().timeout());
    if (saga.ended && saga.attempt == 1 && saga.target.isEmpty()) {
      // Whatever the fence will say, there is nothing to wait for from a guest that has ended.
      targets.choose(ward, saga).ifPresent(shadow -> target(ward, saga, shadow));
      if (saga.target.isPresent()) {
        askAhead(saga, SagaStep.ALLOCATE, saga.serial + 1, id -> room(ward, saga, id));
        askAhead(saga, SagaStep.LAST_SYNC, saga.serial + 2, id -> lastState(saga, id));
      }
    }
  }

  private void target(Ward ward, Saga saga, Shadow shadow) {
    saga.target = Optional.of(shadow.host);
    keeper.choose(ward, shadow);
  }

  /**
   * Asks for what a later step needs, under the id and at the serial that it will have. The step
   * uses the answer, waits for it, or after a restart asks once more under the same id.
   */
  private void askAhead(
      Saga saga, SagaStep step, int serial, Function<CommandId, Command> question) {
    CommandId id = id(saga, step, serial, "");
    saga.ahead.put(step, new Saga.Ahead(serial, Optional.empty()));
    saga.asked.add(id);
    state.command(question.apply(id), new Owner.OfSaga(saga.id, step, serial, new Owner.Whole()));
  }

  /** The old primary cannot serve; this is the only place that says so. */
  void fenced(Ward ward, Saga saga, String proof) {
    saga.proof = Optional.of(proof);
    boolean synced =
        saga.epoch.isPresent()
            && !targetSilent(saga)
            && saga.target.flatMap(ward::shadowOn).filter(Shadow::protects).isPresent();
    // The signal leaves FENCE, and only entering FENCE or RESUME voids the proof.
    signal(ward, saga, synced ? SagaSignal.FENCED_SYNCED : SagaSignal.FENCED);
  }

  private void allocate(Ward ward, Saga saga) {
    if (saga.mayRunOn.filter(hosts::inService).isPresent()) {
      signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
      return;
    }
    if (saga.target.isEmpty()) {
      breakOffFills(ward, saga);
      Optional<Shadow> chosen = targets.choose(ward, saga);
      if (chosen.isEmpty()) {
        noTarget(ward, saga);
        return;
      }
      target(ward, saga, chosen.get());
    }
    ask(saga, room(ward, saga, id(saga)), other());
    if (saga.proof.isPresent() && !saga.primaryAlive && ward.standingOn(target(saga)).isPresent()) {
      // Nothing can come any more, so the last sync need not wait for the room.
      askAhead(saga, SagaStep.LAST_SYNC, saga.serial + 1, id -> lastState(saga, id));
    }
  }

  private static Command room(Ward ward, Saga saga, CommandId id) {
    return new Command.AllocateShadow(id, saga.vm, target(saga), ward.vm.size());
  }

  /** Of a primary that sends nothing more. */
  private static Command lastState(Saga saga, CommandId id) {
    return new Command.SyncLast(id, saga.vm, target(saga), Optional.empty());
  }

  /** This shadow cannot take over: the next one, or the way out. */
  void otherTarget(Ward ward, Saga saga) {
    saga.target.ifPresent(saga.tried::add);
    giveBack(ward, saga);
    saga.epoch = Optional.empty();
    if (targets.choose(ward, saga).isPresent()) {
      signal(ward, saga, SagaSignal.OTHER_TARGET);
    } else {
      noTarget(ward, saga);
    }
  }

  private void noTarget(Ward ward, Saga saga) {
    // A living primary simply runs on; a dead one needs a shadow from somewhere.
    if (!saga.primaryAlive && saga.rounds++ > 0) {
      saga.lookNotBefore =
          state.now.plus(
              LoopState.backoff(
                  state.settings.steps().backoff(),
                  state.settings.steps().backoffMax(),
                  saga.rounds));
    }
    signal(ward, saga, saga.primaryAlive ? SagaSignal.PRIMARY_ALIVE : SagaSignal.NO_TARGET);
  }

  /** Takes any way back to life that shows: an existing shadow, the old host, the chunk store. */
  private void replace(Ward ward, Saga saga) {
    if (found(ward, saga)) {
      return;
    }
    if (targets.mayComeBack(ward, saga)) {
      retryLater(saga, state.settings.steps().backoff(), state.settings.steps().backoffMax());
      return;
    }
    // Whoever was filled by the primary waits for nobody: it is dead.
    boolean filling =
        ward.shadows.stream().anyMatch(s -> s.state == ShadowState.CREATING && s.fromStore);
    if (!filling && !keeper.placeFromStore(ward) && !saga.told) {
      saga.told = true;
      state.alert(
          "no-capacity",
          saga.vm.value(),
          "no shadow of %s can take over, and no host has room for another".formatted(saga.vm),
          "add capacity, or repair host %s: the failover goes on by itself".formatted(saga.from));
    }
    retryLater(saga, state.settings.steps().backoff(), state.settings.steps().backoffMax());
  }

  /**
   * Nobody fills a shadow any more whose primary can't serve; what it had before is still there.
   */
  private void breakOffFills(Ward ward, Saga saga) {
    if (saga.proof.isPresent() && !saga.primaryAlive) {
      keeper.breakOffFills(ward);
    }
  }

  /** Whether a way back to life has shown, in which case it is taken. */
  boolean found(Ward ward, Saga saga) {
    if (state.now.isBefore(saga.lookNotBefore)) {
      return false;
    }
    breakOffFills(ward, saga);
    saga.tried.clear();
    if (saga.mayRunOn.filter(hosts::inService).isPresent()) {
      signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
      return true;
    }
    if (targets.choose(ward, saga).isPresent()) {
      signal(ward, saga, SagaSignal.TARGET_FOUND);
      return true;
    }
    if (hosts.inService(saga.from) && !targets.mayComeBack(ward, saga)) {
      signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
      return true;
    }
    return false;
  }

  private void sync(Ward ward, Saga saga) {
    Optional<HostId> source = saga.primaryAlive ? Optional.of(saga.from) : Optional.empty();
    if (ward.standingOn(target(saga)).isEmpty()) {
      otherTarget(ward, saga);
      return;
    }
    ask(
        saga,
        new Command.SyncLast(id(saga), saga.vm, target(saga), source),
        state.settings.steps().sync());
  }

  /** Never on hope: without a proof and a verified epoch there is no such command. */
  private void activate(Ward ward, Saga saga) {
    if (saga.proof.isEmpty() || saga.epoch.isEmpty()) {
      throw new IllegalStateException(
          "saga %s would activate VM %s on %s with proof %s and epoch %s; expected both"
              .formatted(saga.id, saga.vm, saga.target, saga.proof, saga.epoch));
    }
    traffic.leaving(ward);
    ask(
        saga,
        new Command.Activate(id(saga), saga.vm, target(saga), saga.epoch.get(), termOf(saga)),
        state.settings.steps().activate());
  }

  /** Asked for again, it is the same term. */
  private long termOf(Saga saga) {
    long term = saga.term.orElseGet(() -> state.newTerm(saga.vm));
    saga.term = Optional.of(term);
    return term;
  }

  /**
   * Whoever may have come to life last is asked first, for its state is the newest; then the old
   * primary. Where another may have served meanwhile, it goes on under a new term.
   */
  private void resumePrimary(Saga saga) {
    HostId at = saga.mayRunOn.filter(hosts::inService).orElse(saga.from);
    long term = saga.activatedFrom.isPresent() ? termOf(saga) : state.terms(saga.vm).serving();
    saga.resuming = Optional.of(at);
    ask(saga, new Command.ResumePrimary(id(saga, "@" + at), saga.vm, at, term), other());
  }

  private void undo(Ward ward, Saga saga) {
    Optional<String> dead =
        state.host(target(saga)).flatMap(host -> host.incident).flatMap(found -> found.proof);
    if (dead.isPresent()) {
      signal(ward, saga, SagaSignal.FENCED);
      return;
    }
    ask(
        saga,
        new Command.FenceVm(id(saga), saga.vm, target(saga)),
        state.settings.fencing().timeout());
  }

  private void retire(Ward ward, Saga saga) {
    if (hosts.inService(saga.from)) {
      ask(saga, new Command.RetirePrimary(id(saga), saga.vm, saga.from), other());
    } else {
      hosts.oweRetirement(saga.from, ward.vm, saga.reason);
      signal(ward, saga, SagaSignal.EXHAUSTED);
    }
  }

  private void watch(Ward ward, Saga saga) {
    if (saga.reason == FailoverReason.HOST_FAILED) {
      hosts.watch(saga.from, ward.vm, saga.reason);
    }
    signal(ward, saga, SagaSignal.DONE);
  }

  /** The next attempt of this step, after a wait that doubles. */
  void retryLater(Saga saga, Duration first, Duration most) {
    saga.waiting = true;
    Duration wait = LoopState.backoff(first, most, saga.attempt);
    state.timers.at(state.now.plus(wait), new Wake.SagaRetry(saga.id, saga.step, saga.serial));
  }

  void retry(Wake.SagaRetry wake) {
    Saga saga = state.sagas.get(wake.saga());
    if (saga != null && saga.step == wake.step() && saga.serial == wake.attempt()) {
      state.ward(saga.vm).ifPresent(ward -> signal(ward, saga, SagaSignal.RETRY));
    }
  }

  // --- what others tell sagas

  /** Its turn has come. */
  void admit(SagaId id) {
    Saga saga = state.sagas.get(id);
    if (saga == null) {
      return;
    }
    Ward ward = state.ward(saga.vm).orElseThrow();
    switch (saga.reason) {
      case HOST_FAILED -> signal(ward, saga, SagaSignal.ADMIT_FENCE);
      case GUEST_FAILED ->
          signal(ward, saga, saga.ended ? SagaSignal.ADMIT_FENCE : SagaSignal.ADMIT_CONFIRM);
      case PREDICTED -> {
        hosts.watch(saga.from, ward.vm, saga.reason);
        signal(ward, saga, SagaSignal.ADMIT_MOVE);
      }
      case PLANNED -> signal(ward, saga, SagaSignal.ADMIT_MOVE);
    }
  }

  /** The host has come back before fencing was certain: called off, and leases renewed again. */
  void hostIsBack(Ward ward, Saga saga) {
    if (saga.reason == FailoverReason.HOST_FAILED
        && (saga.step == SagaStep.QUEUED || saga.step == SagaStep.FENCE)) {
      signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
    }
  }

  /** A host that was certain to be fenced is there again: fence the instance itself, anew. */
  void proofIsVoid(Ward ward, Saga saga) {
    if (saga.step == SagaStep.ALLOCATE || saga.step == SagaStep.LAST_SYNC) {
      signal(ward, saga, SagaSignal.PROOF_VOID);
    } else if (saga.step == SagaStep.REPLACE) {
      // Whatever is found to replace it is synced first and then fences anew, as a move does.
      saga.proof = Optional.empty();
      write(ward, saga);
    }
  }

  void vmGone(Ward ward, Saga saga) {
    signal(ward, saga, SagaSignal.VM_GONE);
  }

  /** Looks whether what a saga rests on is still so. */
  void nudge(Ward ward, Saga saga) {
    boolean fromDead = hosts.beingFenced(saga.from);
    switch (saga.step) {
      case QUEUED -> nudgeQueued(ward, saga, fromDead);
      case CONFIRM -> {
        if (fromDead) {
          signal(ward, saga, SagaSignal.PRIMARY_DIED);
        }
      }
      case RESUME -> {
        if (hosts.beingFenced(saga.resuming.orElse(saga.from))) {
          signal(ward, saga, SagaSignal.PRIMARY_DIED);
        }
      }
      case FENCE -> nudgeFence(ward, saga, fromDead);
      case ALLOCATE, LAST_SYNC -> {
        if (saga.primaryAlive && fromDead) {
          signal(ward, saga, SagaSignal.PRIMARY_DIED);
        } else if (targetGone(ward, saga) || targetSilent(saga)) {
          otherTarget(ward, saga);
        }
      }
      case REPLACE -> found(ward, saga);
      case ACTIVATE -> {
        if (targetGone(ward, saga)) {
          signal(ward, saga, SagaSignal.TARGET_LOST);
        }
      }
      case UNDO_ACTIVATE -> {
        if (state.host(target(saga)).flatMap(h -> h.incident).flatMap(i -> i.proof).isPresent()) {
          signal(ward, saga, SagaSignal.FENCED);
        }
      }
      case LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY -> {
        if (hosts.beingFenced(ward.host)) {
          // Whatever rescues the VM next knows nothing of the one it was rescued from before.
          hosts.oweRetirement(saga.from, ward.vm, saga.reason);
          signal(ward, saga, SagaSignal.TARGET_LOST);
        }
      }
      case REPROTECT, WATCH, DONE, CALLED_OFF, DROPPED -> {}
    }
  }

  private boolean targetGone(Ward ward, Saga saga) {
    return saga.target.isPresent()
        && (ward.standingOn(saga.target.get()).isEmpty() || hosts.beingFenced(saga.target.get()));
  }

  /** Nobody has reached it: nothing has come to life there, so nobody need wait until it is off. */
  private boolean targetSilent(Saga saga) {
    return saga.target.flatMap(state::host).map(HostRecord::dead).orElse(false);
  }

  private void nudgeQueued(Ward ward, Saga saga, boolean fromDead) {
    if (fromDead && saga.reason != FailoverReason.HOST_FAILED) {
      saga.reason = FailoverReason.HOST_FAILED;
      saga.primaryAlive = false;
      signal(ward, saga, SagaSignal.PRIMARY_DIED);
      enqueue(ward, saga);
      write(ward, saga);
    } else if (saga.reason == FailoverReason.PLANNED && !hosts.draining(saga.from)) {
      signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
    } else if (saga.reason == FailoverReason.PREDICTED && !ward.moveWanted) {
      signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
    }
  }

  private void nudgeFence(Ward ward, Saga saga, boolean fromDead) {
    Optional<String> proof =
        state.host(saga.from).flatMap(host -> host.incident).flatMap(found -> found.proof);
    if (proof.isPresent()) {
      fenced(ward, saga, proof.get());
    } else if (saga.primaryAlive && fromDead) {
      signal(ward, saga, SagaSignal.PRIMARY_DIED);
    }
  }

  /** Looks at every saga once after a restart: the same step again, under the same ids. */
  void resume(List<Saga> recovered) {
    for (Saga saga : recovered) {
      state.ward(saga.vm).ifPresent(ward -> resume(ward, saga));
    }
  }

  private void resume(Ward ward, Saga saga) {
    if (saga.step == SagaStep.QUEUED) {
      enqueue(ward, saga);
      return;
    }
    if (saga.holdsSlot()) {
      state.slotsTaken++;
    }
    if (saga.step.takesOver()) {
      saga.target
          .flatMap(ward::shadowOn)
          .filter(shadow -> shadow.state == ShadowState.READY)
          .ifPresent(shadow -> keeper.choose(ward, shadow));
    }
    saga.unheard = saga.step == SagaStep.ACTIVATE;
    issue(ward, saga);
    write(ward, saga);
  }
}
