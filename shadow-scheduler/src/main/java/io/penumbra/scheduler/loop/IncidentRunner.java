package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.failover.FailoverBreaker;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.IncidentSignal;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.IncidentTable;
import io.penumbra.scheduler.failover.RescueOrder;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.lifecycle.ShadowState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Trouble with whole hosts: suspicion, a look through others' eyes, the breaker, power off. */
final class IncidentRunner {

  private final LoopState state;
  private final HostWarden hosts;
  private final SagaRunner sagas;

  IncidentRunner(LoopState state, HostWarden hosts, SagaRunner sagas) {
    this.state = state;
    this.hosts = hosts;
    this.sagas = sagas;
  }

  /** Someone thinks that a host is dead; nothing happens before others have looked. */
  void suspect(HostRecord host, Instant at, double phi, boolean fromDetector) {
    if (host.incident.isPresent()) {
      Incident known = host.incident.get();
      known.fromDetector |= fromDetector;
      signal(known, IncidentSignal.SUSPECTED);
      return;
    }
    Incident incident = new Incident(state.newIncident(), host.id(), at, phi, state.now);
    incident.fromDetector = fromDetector;
    host.incident = Optional.of(incident);
    state.incidents.put(incident.id, incident);
    write(incident);
    issue(incident);
    hosts.refresh(host);
  }

  /**
   * Hosts that were down already when they were first seen, as by a controller that was away when
   * they broke: nobody reports them once more, and no heartbeat of theirs is missed.
   */
  void foundDown(Collection<HostId> seen) {
    seen.stream()
        .sorted()
        .flatMap(id -> state.host(id).stream())
        .filter(host -> host.reported == HostCondition.DOWN && host.incident.isEmpty())
        .filter(this::carriesAny)
        .toList()
        .forEach(host -> suspect(host, state.now, 0, false));
  }

  /** VMs, or shadows: those are to be replaced, and protect nobody meanwhile. */
  private boolean carriesAny(HostRecord host) {
    return !state.fleet.shadowsOn(host.id()).isEmpty()
        || state.fleet.primariesOn(host.id()).stream()
            .flatMap(vm -> state.ward(vm).stream())
            .anyMatch(ward -> !ward.claimed && !ward.deleted);
  }

  /** Its heartbeats are back. */
  void trusted(HostRecord host) {
    if (host.incident.isEmpty()) {
      hosts.well(host, "its heartbeats came back by themselves");
      return;
    }
    Incident incident = host.incident.get();
    if (incident.state == IncidentState.FENCED) {
      hosts.well(host, "heartbeats came after it was fenced");
      if (host.reported != HostCondition.DOWN) {
        state.alert(
            "fenced-host-heartbeats",
            host.id().value(),
            "%s sends heartbeats, and was fenced: %s"
                .formatted(host.id(), incident.proof.orElse("")),
            "check that its management controller switches the right machine");
      }
    }
    signal(incident, IncidentSignal.TRUSTED);
  }

  /** The cloud says that it is in service. Believed, and looked at. */
  void returned(HostRecord host) {
    host.incident
        .filter(incident -> incident.state.dead())
        .ifPresent(incident -> {
          signal(incident, IncidentSignal.RETURNED);
          suspect(host, state.now, incident.phi, false);
        });
  }

  // --- transitions

  private void signal(Incident incident, IncidentSignal signal) {
    IncidentState before = incident.state;
    IncidentState next = IncidentTable.TABLE.next(before, signal);
    state.observer.moved(IncidentTable.TABLE.machine(), incident.id, before, signal, next);
    if (next == before && signal != IncidentSignal.RETRY) {
      return;
    }
    incident.state = next;
    incident.stateSince = state.now;
    incident.attempt++;
    HostRecord host = state.host(incident.host).orElseThrow();
    if (next == IncidentState.HELD) {
      state.held.add(host.id());
      state.admitAgain = true;
      hosts.broken(host, "no other host reached it");
    } else {
      state.held.remove(host.id());
    }
    if (next == IncidentState.CLOSED) {
      close(host, incident, before);
    } else {
      issue(incident);
      hosts.refresh(host);
      state.touchAllOn(host.id());
    }
    write(incident);
  }

  private void close(HostRecord host, Incident incident, IncidentState before) {
    host.incident = Optional.empty();
    state.incidents.remove(incident.id);
    hosts.refresh(host);
    for (VmId vm : state.fleet.primariesOn(host.id())) {
      Optional<Ward> ward = state.ward(vm);
      Optional<Saga> saga = ward.flatMap(state::sagaOf);
      if (saga.isPresent() && before == IncidentState.FENCING) {
        sagas.hostIsBack(ward.get(), saga.get());
      } else if (saga.isPresent() && before == IncidentState.FENCED) {
        sagas.proofIsVoid(ward.get(), saga.get());
      }
    }
    state.touchAllOn(host.id());
    hosts.calmedDown(host);
    hosts.forgetIfEmpty(host);
  }

  private void write(Incident incident) {
    state.write(JournalCodec.INCIDENT, incident.id, JournalCodec.line(incident));
  }

  // --- what each state asks for

  private void issue(Incident incident) {
    switch (incident.state) {
      case CONFIRMING -> {
        ask(incident, new Command.ProbeHost(id(incident), incident.host));
        deadline(incident, state.settings.confirm().timeout());
      }
      case FENCING -> {
        ask(incident, new Command.FenceHost(id(incident), incident.host));
        deadline(incident, state.settings.fencing().timeout());
      }
      case REACHED -> retryAfter(incident, state.settings.confirm().recheck());
      case DOUBTFUL ->
          retryAfter(
              incident,
              LoopState.backoff(
                  state.settings.confirm().firstDoubt(),
                  state.settings.confirm().backoffMax(),
                  incident.attempt / 2));
      case HELD, FENCED, CLOSED -> {}
    }
  }

  private static CommandId id(Incident incident) {
    return CommandId.of("%s.%s.%d".formatted(incident.id, incident.state, incident.attempt));
  }

  private void ask(Incident incident, Command command) {
    state.command(command, new Owner.OfIncident(incident.id, incident.state, incident.attempt));
  }

  private void deadline(Incident incident, Duration timeout) {
    state.timers.at(
        state.now.plus(timeout),
        new Wake.IncidentDeadline(incident.id, incident.state, incident.attempt));
  }

  private void retryAfter(Incident incident, Duration wait) {
    state.timers.at(
        state.now.plus(wait),
        new Wake.IncidentRetry(incident.id, incident.state, incident.attempt));
  }

  // --- what comes back

  void report(Owner.OfIncident owner, CommandId id, Outcome outcome) {
    Incident incident = state.incidents.get(owner.incident());
    if (incident == null) {
      state.pending.remove(id);
      state.ignoredReports++;
      return;
    }
    boolean expected =
        owner.state() == incident.state
            && (incident.state == IncidentState.FENCING || owner.attempt() == incident.attempt);
    if (!expected) {
      state.ignoredReports++;
      signal(incident, IncidentSignal.LATE);
    } else if (incident.state == IncidentState.FENCING) {
      fenceAnswered(incident, owner.attempt(), outcome);
    } else if (outcome instanceof Outcome.HostProbed probed) {
      probed(incident, probed);
    } else {
      undecided(incident, outcome.toString());
    }
  }

  void deadline(Wake.IncidentDeadline wake) {
    Incident incident = state.incidents.get(wake.incident());
    if (incident == null || incident.state != wake.state() || incident.attempt != wake.attempt()) {
      return;
    }
    if (incident.state == IncidentState.CONFIRMING) {
      undecided(incident, "no answer within " + state.settings.confirm().timeout());
    } else {
      askAgain(incident, "no answer within " + state.settings.fencing().timeout());
    }
  }

  void retry(Wake.IncidentRetry wake) {
    Incident incident = state.incidents.get(wake.incident());
    if (incident != null && incident.state == wake.state() && incident.attempt == wake.attempt()) {
      signal(
          incident,
          incident.state == IncidentState.FENCING ? IncidentSignal.RETRY : IncidentSignal.RECHECK);
    }
  }

  private void probed(Incident incident, Outcome.HostProbed probed) {
    switch (probed.liveness()) {
      case ALIVE -> {
        signal(incident, IncidentSignal.PROBED_ALIVE);
        if (!incident.fromDetector) {
          signal(incident, IncidentSignal.RETURNED);
        }
      }
      case UNREACHABLE -> signal(incident, IncidentSignal.PROBED_UNREACHABLE);
      case UNDECIDED -> undecided(incident, probed.evidence());
    }
  }

  private void undecided(Incident incident, String why) {
    signal(incident, IncidentSignal.PROBED_UNDECIDED);
    if (incident.attempt / 2 >= state.settings.confirm().alertAfter() && !incident.doubtTold) {
      incident.doubtTold = true;
      state.alert(
          "observer-in-doubt",
          incident.host.value(),
          "%s sends no heartbeats, and nobody can say whether others reach it: %s"
              .formatted(incident.host, why),
          "check this controller's own network first; nothing is fenced until somebody can say");
    }
  }

  private void fenceAnswered(Incident incident, int attempt, Outcome outcome) {
    if (outcome instanceof Outcome.FencingAnswered(FencingResult.Fenced fenced)) {
      incident.proof = Optional.of(fenced.proof());
      signal(incident, IncidentSignal.FENCED);
    } else if (attempt == incident.attempt) {
      askAgain(incident, outcome.toString());
    } else {
      state.ignoredReports++;
    }
  }

  private void askAgain(Incident incident, String why) {
    incident.offInDoubt = true;
    retryAfter(
        incident,
        LoopState.backoff(
            state.settings.fencing().backoff(),
            state.settings.fencing().backoffMax(),
            incident.attempt - 2));
    if (!incident.powerTold) {
      incident.powerTold = true;
      state.alert(
          "power-off-uncertain",
          incident.host.value(),
          "%s could not be switched off: %s".formatted(incident.host, why),
          "it is asked again, and leases are left to run out; look at its management controller");
    }
  }

  // --- the breaker

  /** Lets through as many of the hosts that are held as the breaker allows, the dearest first. */
  void admitHeld() {
    for (Held waiting : inOrder()) {
      Incident incident = waiting.incident;
      HostId host = incident.host;
      boolean stale =
          Duration.between(incident.stateSince, state.now)
                  .compareTo(state.settings.confirm().backoffMax())
              > 0;
      if (!state.breaker.allows(
          FailoverBreaker.Kind.HOSTS, state.hosts.size(), state.wards.size(), state.now)) {
        tellOpen();
        return;
      }
      if (stale) {
        // It was held for long: what was true then need not be true now.
        signal(incident, IncidentSignal.RECHECK);
      } else {
        admit(FailoverBreaker.Kind.HOSTS, host.value());
        signal(incident, IncidentSignal.ADMITTED);
      }
    }
  }

  void admit(FailoverBreaker.Kind kind, String subject) {
    FailoverBreaker.Admitted admitted = new FailoverBreaker.Admitted(state.now, kind, subject);
    state.breaker.admit(admitted);
    state.write(JournalCodec.ADMISSION, subject + "@" + state.now, admitted);
  }

  void tellOpen() {
    Optional<Instant> release = state.breaker.nextRelease(state.now);
    release
        .filter(at -> !at.equals(state.breakerWake))
        .ifPresent(at -> {
          state.breakerWake = at;
          state.timers.at(at, new Wake.BreakerRelease(at));
        });
    if (!state.breakerTold) {
      state.breakerTold = true;
      state.alert(
          "breaker-open",
          "failovers",
          "%d hosts and %d VMs wait: as many failovers as the breaker allows have begun within %s"
              .formatted(state.held.size(), state.queue.size(), state.settings.breaker().window()),
          "if they are really dead, wait for the window to move on, or raise the limit");
    }
  }

  private record Held(int priority, double value, Incident incident) {}

  private List<Held> inOrder() {
    List<Held> waiting = new ArrayList<>();
    for (HostId id : state.held) {
      Optional<Incident> incident = state.host(id).flatMap(host -> host.incident);
      int priority = Integer.MIN_VALUE;
      double value = 0;
      boolean any = false;
      for (Ward ward : waitingFor(id)) {
        any = true;
        priority = Math.max(priority, ward.policy().priority());
        value += RescueOrder.valueAtRisk(ward.vm, state.settings.risk());
      }
      if (any && incident.isPresent()) {
        waiting.add(new Held(priority, value, incident.get()));
      }
    }
    waiting.sort(
        Comparator.comparingInt(Held::priority)
            .reversed()
            .thenComparing(Comparator.comparingDouble(Held::value).reversed())
            .thenComparing(held -> held.incident.host));
    return waiting;
  }

  /** VMs that can go on only when this host is fenced: those on it, and those half come to life. */
  private List<Ward> waitingFor(HostId id) {
    List<Ward> waiting = new ArrayList<>();
    for (VmId vm : state.fleet.primariesOn(id)) {
      state.ward(vm).filter(IncidentRunner::rescuable).ifPresent(waiting::add);
    }
    for (VmId vm : state.fleet.shadowsOn(id)) {
      Optional<Ward> ward = state.ward(vm);
      boolean mayRunHere =
          ward.flatMap(state::sagaOf)
              .filter(saga -> saga.step == SagaStep.ACTIVATE || saga.step == SagaStep.UNDO_ACTIVATE)
              .flatMap(saga -> saga.target)
              .filter(id::equals)
              .isPresent();
      if (mayRunHere) {
        waiting.add(ward.get());
      }
    }
    return waiting;
  }

  /** Whether there is anything of a VM that it could be brought back from. */
  static boolean rescuable(Ward ward) {
    if (ward.claimed || ward.deleted) {
      return false;
    }
    for (Shadow shadow : ward.shadows) {
      if (shadow.full && shadow.state != ShadowState.DELETING) {
        return true;
      }
    }
    return false;
  }

  /** A VM on a host that is being fenced: its failover begins, or a person is told why not. */
  void rescue(Ward ward, HostRecord host) {
    Incident incident = host.incident.orElseThrow();
    if (rescuable(ward)) {
      sagas.begin(ward, FailoverReason.HOST_FAILED, incident.suspectedAt);
    } else if (ward.policy().shadows() > 0 && !ward.lossToldFor.equals(incident.id)) {
      ward.lossToldFor = incident.id;
      state.alert(
          "unprotected-loss",
          ward.id().value(),
          "%s was on %s, which is dead, and has no complete shadow".formatted(ward.id(), host.id()),
          "it comes back with its host, or from a backup");
    }
  }

  /** Asks again, under the same ids, what was asked before a restart. */
  void resume(Incident incident) {
    if (incident.state == IncidentState.HELD) {
      state.held.add(incident.host);
      state.admitAgain = true;
    }
    issue(incident);
  }
}
