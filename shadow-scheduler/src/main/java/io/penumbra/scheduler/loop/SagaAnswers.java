package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.failover.SagaSignal;
import io.penumbra.scheduler.failover.SagaStep;
import java.util.Optional;

/** What the answers to a saga's commands mean. */
final class SagaAnswers {

  private final LoopState state;
  private final SagaRunner runner;
  private final ShadowKeeper keeper;
  private final HostWarden hosts;
  private final TrafficWarden traffic;

  SagaAnswers(
      LoopState state,
      SagaRunner runner,
      ShadowKeeper keeper,
      HostWarden hosts,
      TrafficWarden traffic) {
    this.state = state;
    this.runner = runner;
    this.keeper = keeper;
    this.hosts = hosts;
    this.traffic = traffic;
  }

  void report(Owner.OfSaga owner, CommandId id, Outcome outcome) {
    Saga saga = state.sagas.get(owner.saga());
    if (saga == null) {
      state.ignoredReports++;
      return;
    }
    Ward ward = state.ward(saga.vm).orElseThrow();
    boolean thisRound =
        owner.step() == saga.step
            && (saga.step == SagaStep.FENCE
                ? owner.attempt() >= saga.roundFrom
                : owner.attempt() == saga.serial && !saga.waiting);
    if (!thisRound) {
      if (isAhead(owner, saga)) {
        state.pending.remove(id);
        saga.ahead.put(owner.step(), new Saga.Ahead(owner.attempt(), Optional.of(outcome)));
      } else {
        late(ward, saga);
      }
      return;
    }
    // Answered once; a second answer finds nobody waiting.
    state.pending.remove(id);
    if (owner.attempt() == saga.serial) {
      saga.outstanding--;
    }
    if (saga.step == SagaStep.FENCE) {
      fenceAnswered(ward, saga, owner.part(), outcome);
    } else {
      answered(ward, saga, outcome);
    }
  }

  /** The answer of a step that comes later. */
  private static boolean isAhead(Owner.OfSaga owner, Saga saga) {
    Saga.Ahead asked = saga.ahead.get(owner.step());
    return asked != null && asked.serial() == owner.attempt() && asked.serial() > saga.serial;
  }

  private void late(Ward ward, Saga saga) {
    state.ignoredReports++;
    runner.signal(ward, saga, SagaSignal.LATE);
  }

  /**
   * No answer in time is the same as an answer that says nothing; one that had come before its step
   * was kept until now.
   */
  void deadline(Wake.SagaDeadline wake) {
    Saga saga = state.sagas.get(wake.saga());
    if (saga == null || saga.step != wake.step() || saga.serial != wake.attempt() || saga.waiting) {
      return;
    }
    Ward ward = state.ward(saga.vm).orElseThrow();
    Optional<Outcome> kept = saga.askedAhead().flatMap(Saga.Ahead::answer);
    switch (saga.step) {
      case FENCE -> notCertain(ward, saga);
      default -> answered(ward, saga, kept.orElse(new Outcome.Unknown("no answer in time")));
    }
  }

  private void answered(Ward ward, Saga saga, Outcome outcome) {
    switch (saga.step) {
      case CONFIRM -> confirmed(ward, saga, outcome);
      case LAST_SYNC -> synced(ward, saga, outcome);
      case ACTIVATE -> activated(ward, saga, outcome);
      case UNDO_ACTIVATE -> undone(ward, saga, outcome);
      case RESUME -> resumed(ward, saga, outcome);
      case ALLOCATE, LOAD_BALANCER, DNS, VERIFY, RETIRE_PRIMARY -> {
        if (outcome instanceof Outcome.Done) {
          saga.verified |= saga.step == SagaStep.VERIFY;
          pointed(ward, saga);
          runner.signal(ward, saga, SagaSignal.DONE);
        } else {
          failed(ward, saga, outcome);
        }
      }
      case QUEUED, FENCE, REPLACE, REPROTECT, WATCH, DONE, CALLED_OFF, DROPPED -> late(ward, saga);
    }
  }

  private void pointed(Ward ward, Saga saga) {
    if (saga.step == SagaStep.LOAD_BALANCER || saga.step == SagaStep.DNS) {
      traffic.pointed(ward, SagaRunner.target(saga), saga.step == SagaStep.LOAD_BALANCER);
    }
  }

  /** Tries a step again, as often as allowed, and then takes its way out. */
  private void failed(Ward ward, Saga saga, Outcome outcome) {
    if (isGone(outcome) && saga.target.isPresent() && takesState(saga.step)) {
      keeper.lost(ward, SagaRunner.target(saga));
      runner.otherTarget(ward, saga);
      return;
    }
    boolean hopeless = outcome instanceof Outcome.Failed no && no.code().equals("no-capacity");
    if (saga.attempt < steps().retries() && !hopeless) {
      laterAgain(saga);
      return;
    }
    switch (saga.step) {
      case ALLOCATE, LAST_SYNC -> runner.otherTarget(ward, saga);
      case LOAD_BALANCER -> {
        stubborn(saga, "load balancer", outcome);
        runner.signal(ward, saga, SagaSignal.EXHAUSTED);
      }
      case DNS -> {
        stubborn(saga, "name server", outcome);
        runner.signal(ward, saga, SagaSignal.EXHAUSTED);
      }
      case VERIFY -> {
        state.alert(
            "service-not-verified",
            saga.vm.value(),
            "%s runs on %s, but its service does not answer: %s"
                .formatted(saga.vm, SagaRunner.target(saga), outcome),
            "look at the guest's console; the old primary is fenced (%s)"
                .formatted(saga.proof.orElse("")));
        runner.signal(ward, saga, SagaSignal.EXHAUSTED);
      }
      case RETIRE_PRIMARY -> {
        hosts.oweRetirement(saga.from, ward.vm, saga.reason);
        runner.signal(ward, saga, SagaSignal.EXHAUSTED);
      }
      case RESUME -> {
        if (outcome instanceof Outcome.Failed no && no.code().equals("no-instance")) {
          traffic.leaving(ward);
          state.located(ward.id());
          ward.lostTrack = true;
          runner.signal(ward, saga, SagaSignal.VM_GONE);
          return;
        }
        state.alert(
            "primary-not-resumed",
            saga.vm.value(),
            "%s could not be resumed on %s: %s".formatted(saga.vm, saga.from, outcome),
            "nothing to do: its shadow takes over");
        runner.signal(ward, saga, SagaSignal.EXHAUSTED);
      }
      default -> laterAgain(saga);
    }
  }

  /** The agent itself says that there is no such shadow any more; asking again changes nothing. */
  private static boolean isGone(Outcome outcome) {
    return outcome instanceof Outcome.Failed no
        && (no.code().equals("no-shadow") || no.code().equals("state-lost"));
  }

  private static boolean takesState(SagaStep step) {
    return step == SagaStep.ALLOCATE || step == SagaStep.LAST_SYNC;
  }

  private void stubborn(Saga saga, String what, Outcome outcome) {
    state.alert(
        "traffic-stubborn",
        saga.vm.value(),
        "the %s of %s was not pointed at %s in %d attempts: %s"
            .formatted(what, saga.vm, SagaRunner.target(saga), saga.attempt, outcome),
        "the VM serves; it is tried again until it works");
  }

  private void laterAgain(Saga saga) {
    runner.retryLater(saga, steps().backoff(), steps().backoffMax());
  }

  private SchedulerSettings.Steps steps() {
    return state.settings.steps();
  }

  // --- the steps whose answers say more than done

  private void confirmed(Ward ward, Saga saga, Outcome outcome) {
    if (outcome instanceof Outcome.Done) {
      runner.signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
    } else if (outcome instanceof Outcome.Failed) {
      runner.signal(ward, saga, SagaSignal.CONFIRMED);
    } else {
      if (saga.attempt == state.settings.confirm().alertAfter()) {
        state.alert(
            "guest-in-doubt",
            saga.vm.value(),
            "nobody can say whether %s answers on %s".formatted(saga.vm, saga.from),
            "nothing is done until somebody can; look at the agent on that host");
      }
      laterAgain(saga);
    }
  }

  private void synced(Ward ward, Saga saga, Outcome outcome) {
    if (!(outcome instanceof Outcome.Synced synced) || !synced.verified()) {
      failed(ward, saga, outcome);
      return;
    }
    HostId target = SagaRunner.target(saga);
    if (outdated(ward, saga, synced)) {
      runner.otherTarget(ward, saga);
      return;
    }
    long known = ward.acked.values().stream().mapToLong(Long::longValue).max().orElse(0);
    long floor = floor(ward, saga, target);
    ward.acked.put(target, synced.epoch());
    if (synced.epoch() < floor) {
      state.alert(
          "epoch-behind",
          saga.vm.value(),
          "the shadow of %s on %s is at epoch %d, and epoch %d was acked"
              .formatted(saga.vm, target, synced.epoch(), floor),
          "the shadow that has it is used, if there is one left");
      runner.otherTarget(ward, saga);
      return;
    }
    saga.epoch = Optional.of(synced.epoch());
    saga.epochsLost = Math.max(0, known - synced.epoch());
    saga.age = synced.age();
    saga.bytesLost = synced.bytesLost();
    saga.zeroLoss = saga.primaryAlive;
    runner.signal(
        ward, saga, saga.proof.isPresent() ? SagaSignal.SYNCED : SagaSignal.SYNCED_UNFENCED);
  }

  /** Whether its state lacks what a later primary has done, or may have done. */
  private boolean outdated(Ward ward, Saga saga, Outcome.Synced synced) {
    HostId target = SagaRunner.target(saga);
    long serving = state.terms(ward.id()).serving();
    boolean tooOld =
        synced.term() < serving
            || (synced.term() == serving && synced.epoch() < saga.activatedFrom.orElse(0L));
    if (tooOld) {
      ward.shadowOn(target).ifPresent(shadow -> shadow.term = synced.term());
      state.alert(
          "state-outdated",
          saga.vm.value(),
          "the shadow of %s on %s has epoch %d of term %d; term %d has served since"
              .formatted(
                  saga.vm,
                  target,
                  synced.epoch(),
                  synced.term(),
                  Math.max(serving, state.terms(ward.id()).issued())),
          "a newer state is used, or waited for: repair the host it is on");
    }
    return tooOld;
  }

  /** The highest acked epoch that this shadow had, or another one that could take over has. */
  private long floor(Ward ward, Saga saga, HostId target) {
    long floor = ward.acked.getOrDefault(target, 0L);
    for (Shadow shadow : ward.shadows) {
      boolean usable =
          shadow.protects()
              && !saga.tried.contains(shadow.host)
              && state.host(shadow.host).map(host -> !host.dead()).orElse(false);
      if (usable) {
        floor = Math.max(floor, ward.acked.getOrDefault(shadow.host, 0L));
      }
    }
    return floor;
  }

  private void activated(Ward ward, Saga saga, Outcome outcome) {
    if (outcome instanceof Outcome.Done) {
      promoted(ward, saga);
    } else if (outcome instanceof Outcome.Failed no
        && (!saga.unheard || isAboutIt(no) || saga.attempt > 4 * steps().retries())) {
      // Failed says that nothing has changed; it is fenced all the same before another is tried.
      if (!neverRan(saga, no)) {
        runner.mayHaveRun(saga);
      }
      runner.signal(ward, saga, SagaSignal.EXHAUSTED);
    } else {
      // An earlier attempt may have worked unheard, and then it serves: it is asked until it
      // answers. That its host is dead is another's to find out.
      if (saga.attempt == steps().retries()) {
        state.alert(
            "activation-unheard",
            saga.vm.value(),
            "nobody can say whether %s runs on %s: %s"
                .formatted(saga.vm, SagaRunner.target(saga), outcome),
            "look at the agent on that host; it is asked again until it answers");
      }
      saga.unheard = true;
      laterAgain(saga);
    }
  }

  /** Whether the refusal says that it is still a shadow, and has been one all the time. */
  private static boolean neverRan(Saga saga, Outcome.Failed no) {
    return switch (no.code()) {
      case "not-ready", "other-epoch" -> true;
      case "stopped" -> false;
      default -> !saga.unheard;
    };
  }

  /** A refusal by the agent that has the instance, and not by something on the way to it. */
  private static boolean isAboutIt(Outcome.Failed no) {
    return switch (no.code()) {
      case "no-shadow", "not-ready", "other-epoch", "stopped" -> true;
      default -> false;
    };
  }

  private void promoted(Ward ward, Saga saga) {
    HostId target = SagaRunner.target(saga);
    Optional<Shadow> shadow = ward.standingOn(target);
    if (shadow.isPresent()) {
      keeper.promoted(ward, shadow.get());
    }
    isPrimary(ward, saga, target);
    runner.signal(ward, saga, SagaSignal.DONE);
  }

  private void isPrimary(Ward ward, Saga saga, HostId target) {
    ward.host = target;
    ward.arrived = true;
    saga.term.ifPresent(term -> state.servesUnder(ward.id(), term));
    state.locate(ward.id(), target);
    ward.acked.clear();
    ward.acked.put(target, saga.epoch.orElse(0L));
    ward.moveWanted = false;
    saga.promotedAt = Optional.of(state.now);
    state.failovers++;
  }

  private void resumed(Ward ward, Saga saga, Outcome outcome) {
    boolean elsewhere = !saga.resuming.equals(Optional.of(saga.from));
    if (elsewhere && outcome instanceof Outcome.Failed no && no.code().equals("no-instance")) {
      // It never came to life, so nothing was done there that could be lost.
      saga.mayRunOn = Optional.empty();
      saga.activatedFrom = Optional.empty();
      runner.signal(ward, saga, SagaSignal.RETRY);
    } else if (!(outcome instanceof Outcome.Done)) {
      failed(ward, saga, outcome);
    } else if (elsewhere) {
      servesAt(ward, saga, saga.resuming.orElseThrow());
    } else {
      runner.signal(ward, saga, SagaSignal.DONE);
    }
  }

  /** The shadow that was given up had come to life, and now goes on. */
  private void servesAt(Ward ward, Saga saga, HostId host) {
    saga.target = Optional.of(host);
    saga.epoch = saga.activatedFrom;
    keeper.foundAt(ward, host);
    isPrimary(ward, saga, host);
    runner.signal(ward, saga, SagaSignal.TARGET_SERVES);
  }

  private void undone(Ward ward, Saga saga, Outcome outcome) {
    if (outcome instanceof Outcome.FencingAnswered(FencingResult.Fenced fenced)) {
      runner.signal(ward, saga, SagaSignal.FENCED);
      return;
    }
    if (saga.attempt == 1) {
      state.alert(
          "activation-in-doubt",
          saga.vm.value(),
          "activating %s on %s failed, and nobody can say that it does not run there: %s"
              .formatted(saga.vm, SagaRunner.target(saga), outcome),
          "switch that host off, or make sure that the instance is stopped; no other is tried before");
    }
    runner.retryLater(
        saga, state.settings.fencing().backoff(), state.settings.fencing().backoffMax());
  }

  // --- fencing

  private void fenceAnswered(Ward ward, Saga saga, Owner.Part part, Outcome outcome) {
    if (outcome instanceof Outcome.FencingAnswered(FencingResult.Fenced fenced)) {
      runner.fenced(ward, saga, fenced.proof());
      return;
    }
    boolean stillServes =
        part instanceof Owner.Instance
            && outcome instanceof Outcome.FencingAnswered(FencingResult.NotFenced not);
    if (stillServes && saga.primaryAlive && saga.attempt >= steps().retries()) {
      // It says that it serves, and nothing was activated: let it.
      runner.signal(ward, saga, SagaSignal.PRIMARY_ALIVE);
    } else if (saga.outstanding <= 0 && !saga.waiting) {
      notCertain(ward, saga);
    }
  }

  /** Every way was tried and none is certain: wait, ask again, call a person. Never go on. */
  private void notCertain(Ward ward, Saga saga) {
    Optional<Incident> incident = state.host(saga.from).flatMap(host -> host.incident);
    // A lease that nobody keeps is answered at once; the power may be off a moment later.
    boolean hostAnswered = incident.map(found -> found.offInDoubt).orElse(true);
    if (hostAnswered && !saga.told) {
      saga.told = true;
      state.alert(
          "fencing-unknown",
          saga.vm.value(),
          "nobody can say that %s does not serve on %s: neither power-off nor lease is certain"
              .formatted(saga.vm, saga.from),
          "switch host %s off by hand; its shadow on %s takes over as soon as that is certain"
              .formatted(saga.from, ward.shadows.stream().map(shadow -> shadow.host).toList()));
    }
    runner.retryLater(
        saga, state.settings.fencing().backoff(), state.settings.fencing().backoffMax());
  }
}
