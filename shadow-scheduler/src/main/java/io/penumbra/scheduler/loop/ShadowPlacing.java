package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.ClaimResult;
import io.penumbra.placement.PlacementDecision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Asks placement for hosts for the shadows of a VM that already runs. */
final class ShadowPlacing {

  private final LoopState state;

  ShadowPlacing(LoopState state) {
    this.state = state;
  }

  /**
   * Promises what placement can give.
   *
   * @param good shadows that stay
   * @param vm the VM with the policy that is to hold for the new shadows
   */
  List<Shadow> place(Ward ward, List<Shadow> good, Vm vm) {
    List<HostId> existing = good.stream().map(shadow -> shadow.host).sorted().toList();
    List<HostId> excluded = new ArrayList<>();
    for (Shadow shadow : ward.shadows) {
      if (!existing.contains(shadow.host)) {
        excluded.add(shadow.host);
      }
    }
    // Where clients may still be sent, no shadow may stand.
    Redirect redirect = state.redirects.get(ward.id());
    if (redirect != null) {
      redirect.maybeAt.stream().filter(host -> !host.equals(ward.host)).forEach(excluded::add);
    }
    Wishes wishes = state.wishes(ward.id());
    PlacementRequest request =
        new PlacementRequest(
            state.newRequest(),
            state.now,
            vm,
            Optional.of(ward.host),
            existing,
            excluded,
            Optional.empty(),
            wishes.zone(),
            wishes.requiredTraits(),
            wishes.forbiddenTraits(),
            wishes.groups(),
            state.settings.loop().seed());
    return claim(ward, request, vm.policy().policy().mode());
  }

  private List<Shadow> claim(Ward ward, PlacementRequest request, ShadowMode mode) {
    List<Shadow> placed = new ArrayList<>();
    for (int attempt = 0; attempt <= state.settings.loop().claimRetries(); attempt++) {
      PlacementDecision decision = state.placer.decide(request);
      state.decisions.decided(request, decision);
      if (!(decision.answer() instanceof PlacementDecision.Placed)) {
        return placed;
      }
      switch (state.placer.claim(request, decision)) {
        case ClaimResult.Claimed claimed -> {
          claimed.changes().forEach(change -> promise(ward, change, mode, placed));
          return placed;
        }
        case ClaimResult.Stale stale -> state.staleClaims++;
      }
    }
    return placed;
  }

  private void promise(Ward ward, FleetChange change, ShadowMode mode, List<Shadow> placed) {
    state.change(change);
    if (change instanceof FleetChange.ShadowPlaced shadow) {
      Shadow promised = new Shadow(shadow.host(), mode, shadow.resident());
      ward.add(promised);
      placed.add(promised);
    }
  }

  /** One cold shadow anywhere else, whatever stands already. */
  List<Shadow> placeFromStore(Ward ward) {
    ProtectionPolicy asked = ward.policy();
    ProtectionPolicy cold =
        new ProtectionPolicy(
            ShadowMode.COLD,
            1,
            asked.rpo(),
            asked.rto(),
            asked.diversity(),
            asked.commit(),
            asked.thresholds(),
            asked.priority());
    Vm vm =
        ward.vm.withPolicy(
            new EffectivePolicy(cold, "cold restore over " + ward.vm.policy().source()));
    return place(ward, List.of(), vm);
  }
}
