package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.WatchOutcome;
import io.penumbra.scheduler.failover.WatchOutcome.Verdict;
import io.penumbra.scheduler.risk.RiskAppraisal;
import java.time.Instant;
import java.util.Optional;

/**
 * Knows what each host may be used for, and keeps those that VMs were taken away from out of
 * service until they are repaired and calm.
 */
final class HostWarden {

  private final LoopState state;
  private final ShadowKeeper keeper;

  HostWarden(LoopState state, ShadowKeeper keeper) {
    this.state = state;
    this.keeper = keeper;
  }

  // --- questions

  /** Whether its agents can be spoken to, as far as anyone knows. */
  boolean inService(HostId host) {
    return state
        .host(host)
        .map(found ->
            found.incident.isEmpty()
                && !found.leaving
                && found.reported != HostCondition.DOWN
                && found.reported != HostCondition.STALE)
        .orElse(false);
  }

  /** Whether it was found dead and the breaker has let it through. */
  boolean beingFenced(HostId host) {
    return state
        .host(host)
        .flatMap(found -> found.incident)
        .map(incident ->
            incident.state == IncidentState.FENCING || incident.state == IncidentState.FENCED)
        .orElse(false);
  }

  boolean draining(HostId host) {
    return state.host(host).map(HostRecord::draining).orElse(false);
  }

  // --- what the cloud says

  void discovered(Host host, HostCondition condition) {
    if (state.hosts.containsKey(host.id())) {
      return;
    }
    HostRecord added = new HostRecord(host, condition);
    state.hosts.put(host.id(), added);
    state.change(new FleetChange.HostAdded(host));
    state.fleetMemoryMib += state.room(host.id()).orElseThrow().effectiveCapacity().memoryMib();
    HostWatch watch = state.watches.get(host.id());
    if (watch != null) {
      added.watch = Optional.of(watch);
    }
    refresh(added);
    keeper.roomAppeared();
  }

  /** It was missing for a while, and is there again with all that is on it. */
  void stays(HostRecord host) {
    host.leaving = false;
    refresh(host);
  }

  /** Tells placement when a host may be used for something else than before. */
  void refresh(HostRecord host) {
    HostCondition condition = host.condition();
    if (condition == host.told) {
      return;
    }
    host.told = condition;
    state.change(new FleetChange.HostConditionChanged(host.id(), condition));
    state.touchAllOn(host.id());
    if (inService(host.id())) {
      keeper.hostAnswers(host.id());
    }
    if (condition == HostCondition.UP) {
      keeper.roomAppeared();
    }
  }

  /**
   * Whether a cloud says that a host answers. One that was down may come back still under the
   * quarantine that we have put it under, where it stays until its watch is over.
   */
  boolean saysBack(HostRecord host, HostCondition condition) {
    return switch (condition) {
      case UP -> true;
      case QUARANTINED ->
          host.reported == HostCondition.DOWN || host.reported == HostCondition.STALE;
      case MAINTENANCE, STALE, DOWN -> false;
    };
  }

  void reported(HostRecord host, HostCondition condition) {
    boolean back = saysBack(host, condition);
    host.reported = condition;
    if (condition == HostCondition.DOWN) {
      broken(host, "its cloud reported it down");
    }
    refresh(host);
    state.touchAllOn(host.id());
    if (back) {
      host.watch.ifPresent(watch -> retireOwed(host, watch));
      host.watch.ifPresent(watch -> check(new Wake.WatchCheck(host.id(), watch.since)));
    }
  }

  /** A host that has left stays known until nothing of ours is on it. */
  void removed(HostRecord host) {
    host.leaving = true;
    refresh(host);
    state.touchAllOn(host.id());
    forgetIfEmpty(host);
  }

  void forgetIfEmpty(HostRecord host) {
    boolean empty =
        state.fleet.primariesOn(host.id()).isEmpty() && state.fleet.shadowsOn(host.id()).isEmpty();
    if (host.leaving && empty && host.incident.isEmpty()) {
      state.fleetMemoryMib -= state.room(host.id()).orElseThrow().effectiveCapacity().memoryMib();
      state.change(new FleetChange.HostRemoved(host.id()));
      state.hosts.remove(host.id());
      state.watches.remove(host.id());
    }
  }

  // --- quarantine and watch

  void watch(HostId id, Vm moved, FailoverReason reason) {
    Optional<HostRecord> found = state.host(id);
    if (found.isEmpty()) {
      return;
    }
    HostRecord host = found.get();
    Instant notBefore = state.now.plus(state.settings.watch().window());
    double calm = RiskAppraisal.calmBelow(moved, state.settings.risk());
    if (host.watch.isPresent()) {
      host.watch.get().notBefore = notBefore;
      host.watch.get().calmBelow = Math.min(calm, host.watch.get().calmBelow);
      write(host, host.watch.get(), false);
      return;
    }
    HostWatch watch = new HostWatch(reason, state.now, notBefore);
    watch.calmBelow = calm;
    host.watch = Optional.of(watch);
    state.watches.put(id, watch);
    write(host, watch, false);
    quarantine(host, true);
    state.timers.at(notBefore, new Wake.WatchCheck(id, watch.since));
    refresh(host);
  }

  /** An old primary could not be removed: it is, when its host is back, before anything else. */
  void oweRetirement(HostId id, Vm vm, FailoverReason reason) {
    watch(id, vm, reason);
    Optional<HostRecord> host = state.host(id);
    if (host.isPresent() && host.get().watch.isPresent()) {
      HostWatch watch = host.get().watch.get();
      watch.toRetire.add(vm.id());
      write(host.get(), watch, false);
    }
  }

  private void quarantine(HostRecord host, boolean on) {
    state.command(
        new Command.SetQuarantine(state.newCommand(), host.id(), on),
        new Owner.OfQuarantine(host.id(), on));
  }

  /** Trouble with a host is over: what could not be removed there is, now. */
  void calmedDown(HostRecord host) {
    if (inService(host.id())) {
      host.watch.ifPresent(watch -> retireOwed(host, watch));
    }
  }

  private void retireOwed(HostRecord host, HostWatch watch) {
    // Where the VM has come back to meanwhile, it is no old primary any more.
    boolean back =
        watch.toRetire.removeIf(
            vm -> state.ward(vm).filter(ward -> ward.host.equals(host.id())).isPresent());
    if (back) {
      write(host, watch, false);
    }
    for (VmId vm : watch.toRetire) {
      state.command(
          new Command.RetirePrimary(state.newCommand(), vm, host.id()),
          new Owner.OfRetirement(host.id(), vm));
    }
  }

  void retired(Owner.OfRetirement owner, Outcome outcome) {
    Optional<HostRecord> host = state.host(owner.host());
    if (outcome instanceof Outcome.Done && host.isPresent() && host.get().watch.isPresent()) {
      HostWatch watch = host.get().watch.get();
      watch.toRetire.remove(owner.vm());
      write(host.get(), watch, false);
    }
  }

  void quarantined(Owner.OfQuarantine owner, Outcome outcome) {
    Optional<HostRecord> found = state.host(owner.host());
    if (found.isEmpty() || found.get().watch.isEmpty() || !(outcome instanceof Outcome.Done)) {
      return; // asked for again when the host is looked at next
    }
    HostRecord host = found.get();
    HostWatch watch = host.watch.get();
    if (owner.quarantined()) {
      watch.quarantineDone = true;
      return;
    }
    if (calm(host, watch)) {
      host.watch = Optional.empty();
      state.watches.remove(host.id());
      write(host, watch, true);
      if (host.reported == HostCondition.QUARANTINED) {
        host.reported = HostCondition.UP;
      }
      refresh(host);
    }
  }

  /** Whether a watched host can be used again. */
  private boolean calm(HostRecord host, HostWatch watch) {
    boolean risky =
        watch.reason == FailoverReason.PREDICTED
            && host.risk.map(risk -> risk.probability() >= watch.calmBelow).orElse(false);
    return !state.now.isBefore(watch.notBefore)
        && inService(host.id())
        && watch.toRetire.isEmpty()
        && !risky;
  }

  void check(Wake.WatchCheck wake) {
    Optional<HostRecord> found = state.host(wake.host());
    if (found.isEmpty()
        || found.get().watch.isEmpty()
        || !found.get().watch.get().since.equals(wake.since())) {
      return;
    }
    HostRecord host = found.get();
    HostWatch watch = found.get().watch.get();
    if (state.now.isBefore(watch.notBefore)) {
      state.timers.at(watch.notBefore, wake);
      return;
    }
    judge(host, watch);
    if (calm(host, watch)) {
      quarantine(host, false);
    } else if (inService(host.id())) {
      retireOwed(host, watch);
    }
    state.timers.at(state.now.plus(state.settings.watch().window().dividedBy(4)), wake);
  }

  /** Writes down, once, whether the host was really broken. */
  private void judge(HostRecord host, HostWatch watch) {
    if (watch.judged) {
      return;
    }
    watch.judged = true;
    write(host, watch, false);
    boolean out = !inService(host.id());
    WatchOutcome outcome;
    if (!watch.brokenEvidence.isEmpty()) {
      outcome = outcome(host, watch, Verdict.BROKEN, watch.brokenEvidence);
    } else if (!watch.wellEvidence.isEmpty()) {
      outcome = outcome(host, watch, Verdict.WELL, watch.wellEvidence);
    } else if (watch.reason == FailoverReason.HOST_FAILED) {
      outcome =
          out
              ? outcome(host, watch, Verdict.BROKEN, "still out of service after the window")
              : outcome(host, watch, Verdict.UNDECIDED, "it was switched off and is back");
    } else {
      outcome = outcome(host, watch, Verdict.WELL, "nothing happened within the window");
    }
    state.record(outcome);
  }

  private WatchOutcome outcome(HostRecord host, HostWatch watch, Verdict verdict, String evidence) {
    return new WatchOutcome(host.id(), watch.reason, watch.since, state.now, verdict, evidence);
  }

  /** A sign that a watched host is really broken. */
  void broken(HostRecord host, String evidence) {
    host.watch
        .filter(watch -> watch.brokenEvidence.isEmpty())
        .ifPresent(watch -> {
          watch.brokenEvidence = evidence;
          write(host, watch, false);
        });
  }

  /** A sign that a watched host was well all along. */
  void well(HostRecord host, String evidence) {
    host.watch
        .filter(watch -> watch.wellEvidence.isEmpty())
        .ifPresent(watch -> {
          watch.wellEvidence = evidence;
          write(host, watch, false);
        });
  }

  private void write(HostRecord host, HostWatch watch, boolean over) {
    state.write(JournalCodec.WATCH, host.id().value(), JournalCodec.line(watch, over));
  }

  /** After a restart: the cloud is told again, and the old primaries are asked for again. */
  void resume(HostRecord host) {
    host.watch.ifPresent(watch -> {
      quarantine(host, true);
      if (inService(host.id())) {
        retireOwed(host, watch);
      }
      state.timers.at(watch.notBefore, new Wake.WatchCheck(host.id(), watch.since));
    });
  }
}
