package io.penumbra.placement.log;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.fleet.RandomFleet;
import io.penumbra.placement.fleet.ShadowHold;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** A small cloud in which VMs come and go, hosts fail and shadows take over, all of it logged. */
final class LoggedWorld {

  final RandomFleet draw;
  final Fleet fleet = new Fleet(FleetSettings.defaults());
  final Placer placer = new Placer(fleet, PlacementSettings.defaults());
  final TreeMap<VmId, Vm> vms = new TreeMap<>();
  final List<LoggedDecision> decisions = new ArrayList<>();
  private DecisionLog log = new MemoryDecisionLog(0);
  private int requests;

  LoggedWorld(long seed, int hosts) {
    draw = new RandomFleet(seed, Math.max(2, hosts / 5));
    draw.hosts(hosts).forEach(fleet::apply);
  }

  void logTo(DecisionLog to) {
    log = to;
  }

  void apply(FleetChange change) {
    log.fleetChanged(fleet.apply(change), change);
  }

  PlacementDecision decide(PlacementRequest request) {
    PlacementDecision decision = placer.decide(request);
    log.decided(request, decision);
    decisions.add(new LoggedDecision(decisions.size() + 1, request, decision));
    if (decision.answer() instanceof PlacementDecision.Placed
        && placer.claim(request, decision) instanceof ClaimResult.Claimed claimed) {
      claimed.changes().forEach(this::apply);
    }
    return decision;
  }

  /** One thing happens. */
  void step() {
    List<HostId> hosts = fleet.hosts().stream().map(view -> view.host().id()).toList();
    switch (draw.random().nextInt(12)) {
      case 0 -> releaseOne();
      case 1 -> promoteOne();
      case 2 ->
          apply(
              new FleetChange.HostConditionChanged(
                  draw.pick(hosts), draw.pick(HostCondition.values())));
      case 3 ->
          apply(
              new FleetChange.HostRiskChanged(
                  draw.pick(hosts),
                  new RiskScore(draw.random().nextDouble(), Duration.ofDays(3), List.of(), "m-1")));
      case 4 -> reprotectOne();
      case 5 -> overrunOne(draw.pick(hosts));
      default -> create();
    }
  }

  private void create() {
    Vm vm = draw.vm(draw.policy());
    vms.put(vm.id(), vm);
    decide(draw.request(vm, fleet.hosts().stream().map(v -> v.host().id()).toList()));
    if (fleet.isClaim(vm.id()) && draw.random().nextBoolean()) {
      apply(new FleetChange.ClaimConfirmed(vm.id()));
    }
  }

  private Optional<VmId> someone() {
    return vms.isEmpty() ? Optional.empty() : Optional.of(draw.pick(List.copyOf(vms.keySet())));
  }

  private void releaseOne() {
    someone()
        .filter(vm -> fleet.primaryOf(vm).isPresent())
        .ifPresent(vm -> {
          apply(new FleetChange.PrimaryReleased(vm));
          // Some shadows stay behind for a while, as after a failure.
          if (draw.random().nextBoolean()) {
            for (ShadowHold hold : fleet.shadowsOf(vm)) {
              apply(new FleetChange.ShadowReleased(vm, hold.host()));
            }
          }
        });
  }

  private void promoteOne() {
    someone()
        .ifPresent(vm ->
            fleet.shadowsOf(vm).stream()
                .filter(hold -> fleet.canPromote(vm, hold.host()))
                .findFirst()
                .ifPresent(hold -> apply(new FleetChange.ShadowPromoted(vm, hold.host()))));
  }

  private void reprotectOne() {
    someone()
        .flatMap(vm ->
            fleet.primaryOf(vm).map(host -> shadowsOnly(Objects.requireNonNull(vms.get(vm)), host)))
        .ifPresent(this::decide);
  }

  private PlacementRequest shadowsOnly(Vm vm, HostId host) {
    return PlacementRequest.shadowsOnly(
        RequestId.of("again-" + requests++),
        RandomFleet.NOW,
        vm,
        host,
        fleet.shadowsOf(vm.id()).stream().map(ShadowHold::host).toList(),
        draw.random().nextLong());
  }

  /** The cloud reports a VM where there is no room for it. */
  private void overrunOne(HostId host) {
    HostView view = fleet.host(host).orElseThrow();
    if (draw.random().nextInt(4) == 0) {
      Vm vm = draw.vm(draw.policy());
      vms.put(vm.id(), vm);
      apply(
          new FleetChange.PrimaryPlaced(
              vm.id(), host, view.effectiveCapacity(), vm.groups(), false));
    }
  }
}
