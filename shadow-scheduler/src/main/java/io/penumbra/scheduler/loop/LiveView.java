package io.penumbra.scheduler.loop;

import io.penumbra.domain.VmId;
import io.penumbra.scheduler.failover.FailoverBreaker;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.WatchOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads the loop's state as it is when it is asked. */
final class LiveView implements LoopView {

  private final LoopState state;

  LiveView(LoopState state) {
    this.state = state;
  }

  @Override
  public int vmCount() {
    return state.wards.size();
  }

  @Override
  public List<VmId> vms() {
    return state.wards.keySet().stream().sorted().toList();
  }

  @Override
  public Optional<VmView> vm(VmId vm) {
    return state.ward(vm).map(this::view);
  }

  private VmView view(Ward ward) {
    return new VmView(
        ward.vm,
        ward.host,
        ward.claimed,
        ward.shadows.stream()
            .map(shadow ->
                new ShadowView(shadow.host, shadow.mode, shadow.state, protects(ward, shadow)))
            .toList(),
        ward.saga,
        ward.acked.values().stream().mapToLong(Long::longValue).max().orElse(0));
  }

  private boolean protects(Ward ward, Shadow shadow) {
    return shadow.protects()
        && shadow.term >= state.terms(ward.id()).serving()
        && state.host(shadow.host).filter(host -> !host.dead()).isPresent();
  }

  @Override
  public List<SagaView> sagas() {
    return state.sagas.values().stream().map(LiveView::view).toList();
  }

  @Override
  public Optional<SagaView> sagaOf(VmId vm) {
    return state.ward(vm).flatMap(state::sagaOf).map(LiveView::view);
  }

  private static SagaView view(Saga saga) {
    return new SagaView(
        saga.id,
        saga.vm,
        saga.reason,
        saga.step,
        saga.attempt,
        saga.from,
        saga.target,
        saga.proof,
        saga.epoch,
        saga.suspectedAt,
        saga.stepSince);
  }

  @Override
  public List<IncidentView> incidents() {
    return state.incidents.values().stream()
        .map(incident ->
            new IncidentView(
                incident.id, incident.host, incident.state.name(), incident.suspectedAt))
        .toList();
  }

  @Override
  public List<BreakerView> breakers() {
    List<BreakerView> views = new ArrayList<>();
    for (FailoverBreaker.Kind kind : FailoverBreaker.Kind.values()) {
      List<Admission> admitted =
          state.breaker.admitted(kind, state.now).stream()
              .map(one -> new Admission(one.at(), one.subject()))
              .toList();
      int limit = state.breaker.limit(kind, state.hosts.size(), state.wards.size());
      views.add(
          new BreakerView(
              kind.name().toLowerCase(Locale.ROOT),
              state.settings.breaker().window(),
              limit,
              held(kind),
              !state.breaker.allows(kind, state.hosts.size(), state.wards.size(), state.now),
              admitted));
    }
    return views;
  }

  private int held(FailoverBreaker.Kind kind) {
    if (kind == FailoverBreaker.Kind.HOSTS) {
      return state.held.size();
    }
    int waiting = 0;
    for (var order : state.queue) {
      Saga saga = state.sagas.get(order.saga());
      waiting += saga != null && FailoverBreaker.Kind.of(saga.reason) == kind ? 1 : 0;
    }
    return waiting;
  }

  @Override
  public List<WatchView> watches() {
    return state.watches.entrySet().stream()
        .map(entry ->
            new WatchView(
                entry.getKey(),
                entry.getValue().reason,
                entry.getValue().since,
                entry.getValue().notBefore))
        .toList();
  }

  @Override
  public List<FailoverRecord> ledger() {
    return List.copyOf(state.ledger);
  }

  @Override
  public List<WatchOutcome> watchOutcomes() {
    return List.copyOf(state.watchOutcomes);
  }

  @Override
  public Counts counts() {
    return new Counts(
        state.steps,
        state.events,
        state.commands,
        state.placements,
        state.refusals,
        state.staleClaims,
        state.ignoredReports,
        state.alerts,
        state.failovers,
        state.calledOff);
  }
}
