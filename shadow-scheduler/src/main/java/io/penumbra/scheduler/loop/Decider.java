package io.penumbra.scheduler.loop;

import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.failover.FailoverBreaker;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.RescueOrder;
import io.penumbra.scheduler.failover.SagaStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Folds one event or timer at a time into what is known, and decides what follows. Touches no port:
 * whatever is to happen is collected in {@link Effects}.
 */
final class Decider {

  /** More looks than this in one step mean that two decisions chase each other. */
  private static final int LOOKS_MAX = 10_000_000;

  final ShadowKeeper keeper;
  final HostWarden hosts;
  final SagaRunner sagas;
  final IncidentRunner incidents;
  final VmBook vms;
  final TrafficWarden traffic;
  private final LoopState state;
  private final SagaAnswers answers;
  private final RiskWarden risk;
  private final ReserveWarden reserves;
  private final Targets targets;

  Decider(LoopState state) {
    this.state = state;
    this.keeper = new ShadowKeeper(state);
    this.hosts = new HostWarden(state, keeper);
    this.traffic = new TrafficWarden(state);
    this.sagas = new SagaRunner(state, keeper, hosts, traffic);
    this.incidents = new IncidentRunner(state, hosts, sagas);
    this.answers = new SagaAnswers(state, sagas, keeper, hosts, traffic);
    this.risk = new RiskWarden(state);
    this.reserves = new ReserveWarden(state, keeper);
    this.targets = new Targets(state);
    this.vms = new VmBook(state, keeper, sagas, traffic);
  }

  void on(Event event) {
    state.events++;
    switch (event) {
      case Event.VmCreated e -> vms.created(e.vm(), e.host());
      case Event.VmDeleted e -> vms.deleted(e.vm());
      case Event.VmPolicyChanged e -> policyChanged(e);
      case Event.GuestFailed e -> guestFailed(e);
      case Event.ShadowLost e -> state.ward(e.vm()).ifPresent(ward -> keeper.lost(ward, e.host()));
      case Event.BootedFromDisks e -> bootedFromDisks(e);
      case Event.HostDiscovered e ->
          state
              .host(e.host().id())
              .filter(known -> known.leaving)
              .ifPresentOrElse(
                  known -> stays(known, HostCondition.UP),
                  () -> hosts.discovered(e.host(), HostCondition.UP));
      case Event.HostRemoved e -> state.host(e.host()).ifPresent(this::removed);
      case Event.HostConditionReported e ->
          state.host(e.host()).ifPresent(host -> condition(host, e));
      case Event.HostRiskReported e ->
          state.host(e.host()).ifPresent(host -> risk.reported(host, e.risk()));
      case Event.HostSuspected e ->
          state.host(e.host()).ifPresent(host -> incidents.suspect(host, e.at(), e.phi(), true));
      case Event.HostTrusted e -> state.host(e.host()).ifPresent(incidents::trusted);
      case Event.CommandReported e -> reported(e);
    }
  }

  /** It serves, but clients find less than they were promised: a person has to know. */
  private void bootedFromDisks(Event.BootedFromDisks event) {
    state.alert(
        "booted-from-disks",
        event.vm().value(),
        "%s was booted from its disks on %s, without its memory: %s"
            .formatted(event.vm(), event.host(), event.reason()),
        "look whether its services have come up; hosts that can go on with each other's memory"
            + " have the same machine type, CPU model and version of the hypervisor");
  }

  private void reported(Event.CommandReported event) {
    Owner owner = state.pending.get(event.command());
    switch (owner) {
      case null -> state.ignoredReports++;
      case Owner.OfSaga o -> answers.report(o, event.command(), event.outcome());
      case Owner.OfIncident o -> incidents.report(o, event.command(), event.outcome());
      case Owner.OfShadow o -> {
        state.pending.remove(event.command());
        keeper.report(o, event.command(), event.outcome());
      }
      case Owner.OfQuarantine o -> {
        state.pending.remove(event.command());
        hosts.quarantined(o, event.outcome());
      }
      case Owner.OfTraffic o -> {
        state.pending.remove(event.command());
        traffic.report(o, event.outcome());
      }
      case Owner.OfRetirement o -> {
        state.pending.remove(event.command());
        hosts.retired(o, event.outcome());
      }
    }
  }

  void on(Wake wake) {
    switch (wake) {
      case Wake.SagaDeadline w -> answers.deadline(w);
      case Wake.SagaRetry w -> sagas.retry(w);
      case Wake.IncidentDeadline w -> incidents.deadline(w);
      case Wake.IncidentRetry w -> incidents.retry(w);
      case Wake.ShadowDeadline w -> keeper.deadline(w);
      case Wake.ShadowRetry w -> keeper.retry(w);
      case Wake.LookAt w -> state.touch(w.vm());
      case Wake.BreakerRelease w -> {
        state.admitAgain = true;
        state.breakerTold = false;
      }
      case Wake.WatchCheck w -> hosts.check(w);
      case Wake.CalmCheck w -> risk.check(w);
      case Wake.ReserveCheck w -> reserves.check(w.host());
      case Wake.ClaimExpiry w -> {} // the loop's own, as the next: they need the cloud
      case Wake.Reconcile w -> {}
      case Wake.LookAgain w -> {}
    }
  }

  private void policyChanged(Event.VmPolicyChanged event) {
    state
        .ward(event.vm())
        .filter(ward -> !ward.deleted)
        .ifPresent(ward -> {
          ward.vm = ward.vm.withPolicy(event.policy());
          ward.shortUntil = state.now;
          if (ward.policy().shadows() == 0) {
            risk.calm(ward);
          }
          state.touch(ward.id());
        });
  }

  private void guestFailed(Event.GuestFailed event) {
    Optional<Ward> ward = state.ward(event.vm());
    if (ward.isEmpty() || ward.get().saga.isPresent() || ward.get().deleted) {
      return;
    }
    if (ward.get().lostTrack) {
      return; // first the cloud has to say where it is
    }
    boolean hostDead = state.host(ward.get().host).map(HostRecord::dead).orElse(true);
    // Without a shadow there is nothing to promote, but somebody must start the guest again.
    if (!hostDead && ward.get().policy().shadows() > 0) {
      long serving = state.terms(event.vm()).serving();
      Saga saga = sagas.begin(ward.get(), FailoverReason.GUEST_FAILED, event.at());
      // Of an instance before this one it would say nothing.
      saga.ended = event.ended().filter(term -> term == serving).isPresent();
    }
  }

  private void condition(HostRecord host, Event.HostConditionReported event) {
    if (hosts.saysBack(host, event.condition())) {
      incidents.returned(host);
    }
    hosts.reported(host, event.condition());
    if (event.condition() == HostCondition.DOWN) {
      incidents.suspect(host, event.at(), 0, false);
    }
  }

  /** One that had left is there again, before what was on it was gone. */
  void stays(HostRecord host, HostCondition condition) {
    hosts.stays(host);
    condition(host, new Event.HostConditionReported(state.now, host.id(), condition));
  }

  private void removed(HostRecord host) {
    boolean carriesAny =
        state.fleet.primariesOn(host.id()).stream()
            .flatMap(vm -> state.ward(vm).stream())
            .anyMatch(IncidentRunner::rescuable);
    if (carriesAny) {
      incidents.suspect(host, state.now, 0, false);
    }
    hosts.removed(host);
  }

  // --- what follows

  /** Looks at everything that was touched until nothing more follows. */
  void settle() {
    int looks = 0;
    while (!state.touched.isEmpty() || state.admitAgain) {
      while (!state.touched.isEmpty()) {
        if (++looks > LOOKS_MAX) {
          throw new IllegalStateException(
              "%d looks in one step, the last at VM %s; maybe two decisions undo each other"
                  .formatted(looks, state.touched.getFirst()));
        }
        follow(state.touched.removeFirst());
      }
      if (state.admitAgain) {
        state.admitAgain = false;
        incidents.admitHeld();
        admitQueued();
      }
    }
  }

  /** Does for one VM what is to be done, whatever has led here. */
  private void follow(VmId vm) {
    Optional<Ward> found = state.ward(vm);
    if (found.isEmpty() || found.get().claimed) {
      return;
    }
    Ward ward = found.get();
    if (ward.deleted) {
      vms.clear(ward);
      return;
    }
    Optional<Saga> saga = state.sagaOf(ward);
    if (saga.isPresent()) {
      sagas.nudge(ward, saga.get());
      boolean waitsAlive = saga.get().step == SagaStep.QUEUED && saga.get().primaryAlive;
      if (waitsAlive && ward.saga.isPresent()) {
        keeper.ensure(ward);
      }
      return;
    }
    Optional<HostRecord> host = state.host(ward.host);
    if (host.isPresent() && host.get().dead()) {
      onDeadHost(ward, host.get());
    } else if (host.isPresent()) {
      onLivingHost(ward, host.get());
    }
  }

  private void onDeadHost(Ward ward, HostRecord host) {
    if (hosts.beingFenced(host.id())) {
      incidents.rescue(ward, host);
    } else if (IncidentRunner.rescuable(ward)) {
      state.admitAgain |= !state.breakerTold;
    }
  }

  private void onLivingHost(Ward ward, HostRecord host) {
    if (ward.arrived) {
      ward.arrived = false;
      risk.moved(ward);
    }
    traffic.follow(ward);
    boolean mayMove = !state.now.isBefore(ward.moveNotBefore) && host.incident.isEmpty();
    if (mayMove && host.draining() && targets.couldMove(ward, FailoverReason.PLANNED)) {
      sagas.begin(ward, FailoverReason.PLANNED, state.now);
    } else if (mayMove && ward.moveWanted && targets.couldMove(ward, FailoverReason.PREDICTED)) {
      sagas.begin(ward, FailoverReason.PREDICTED, state.now);
    } else {
      keeper.ensure(ward);
    }
  }

  /** Lets as many waiting failovers begin as there are slots, in the order of rescue. */
  private void admitQueued() {
    int free = state.settings.steps().concurrencyMax() - state.slotsTaken;
    boolean held = false;
    List<RescueOrder> admitted = new ArrayList<>();
    for (RescueOrder next : state.queue) {
      if (admitted.size() >= free) {
        break;
      }
      Saga saga = state.sagas.get(next.saga());
      if (saga == null) {
        continue;
      }
      FailoverBreaker.Kind kind = FailoverBreaker.Kind.of(saga.reason);
      if (kind == FailoverBreaker.Kind.HOSTS) {
        admitted.add(next);
      } else if (state.breaker.allows(kind, state.hosts.size(), state.wards.size(), state.now)) {
        incidents.admit(kind, saga.vm.value());
        admitted.add(next);
      } else {
        held = true;
        if (kind == FailoverBreaker.Kind.MOVES) {
          break; // moves come last in the order: nothing behind can be let through
        }
      }
    }
    admitted.forEach(order -> sagas.admit(order.saga()));
    if (held) {
      incidents.tellOpen();
    }
  }
}
