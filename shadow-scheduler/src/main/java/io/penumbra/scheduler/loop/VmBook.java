package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.lifecycle.ShadowSignal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Which VMs there are: claimed, reported, gone. */
final class VmBook {

  private final LoopState state;
  private final ShadowKeeper keeper;
  private final SagaRunner sagas;
  private final TrafficWarden traffic;

  VmBook(LoopState state, ShadowKeeper keeper, SagaRunner sagas, TrafficWarden traffic) {
    this.state = state;
    this.keeper = keeper;
    this.sagas = sagas;
    this.traffic = traffic;
  }

  /** Applies what placement has promised; the VM is expected to be reported. */
  void claimed(Vm vm, List<FleetChange> changes) {
    HostId host = vmHost(changes);
    Ward ward = new Ward(vm, host);
    ward.claimed = true;
    List<Claim.Held> held = new ArrayList<>();
    for (FleetChange change : changes) {
      state.change(change);
      if (change instanceof FleetChange.ShadowPlaced shadow) {
        ShadowMode mode = vm.policy().policy().mode();
        ward.add(new Shadow(shadow.host(), mode, shadow.resident()));
        held.add(new Claim.Held(shadow.host(), shadow.resident(), shadow.reserve()));
      }
    }
    state.wards.put(vm.id(), ward);
    Instant expires = state.now.plus(state.settings.loop().claimTtl());
    expect(new Claim(vm, host, held, expires));
    state.write(JournalCodec.CLAIM, vm.id().value(), claim(vm.id()));
  }

  private Claim claim(VmId vm) {
    Claim claim = state.claims.get(vm);
    if (claim == null) {
      throw new IllegalStateException("there is no claim for VM " + vm);
    }
    return claim;
  }

  private void expect(Claim claim) {
    state.claims.put(claim.vm().id(), claim);
    state.timers.at(claim.expires(), new Wake.ClaimExpiry(claim.vm().id(), claim.expires()));
  }

  private static HostId vmHost(List<FleetChange> changes) {
    for (FleetChange change : changes) {
      if (change instanceof FleetChange.PrimaryPlaced primary) {
        return primary.host();
      }
    }
    throw new IllegalStateException("a claim without a primary: " + changes);
  }

  /** Promises again, after a restart, what was promised before. False when it no longer fits. */
  boolean restore(Claim claim) {
    boolean fits =
        state.room(claim.host()).map(room -> claim.vm().size().fitsIn(room.free())).orElse(false);
    if (!fits) {
      return false;
    }
    Ward ward = new Ward(claim.vm(), claim.host());
    ward.claimed = true;
    place(claim.vm(), claim.host(), true);
    for (Claim.Held held : claim.shadows()) {
      boolean room =
          state.room(held.host()).map(there -> held.resident().fitsIn(there.free())).orElse(false);
      if (room) {
        ShadowMode mode = claim.vm().policy().policy().mode();
        state.change(
            new FleetChange.ShadowPlaced(
                claim.vm().id(), held.host(), held.resident(), held.reserve()));
        ward.add(new Shadow(held.host(), mode, held.resident()));
      }
    }
    state.wards.put(claim.vm().id(), ward);
    expect(claim);
    return true;
  }

  private void place(Vm vm, HostId host, boolean claim) {
    state.change(new FleetChange.PrimaryPlaced(vm.id(), host, vm.size(), vm.groups(), claim));
  }

  /** The cloud says that a VM runs on a host; said before, or elsewhere than promised, or new. */
  void created(Vm vm, HostId host) {
    if (state.host(host).isEmpty()) {
      return; // a host that nobody has announced: reconciling finds both
    }
    Optional<Ward> known = state.ward(vm.id());
    if (known.isEmpty()) {
      Ward ward = new Ward(vm, host);
      state.wards.put(vm.id(), ward);
      place(vm, host, false);
      ward.arrived = true;
    } else if (known.get().claimed) {
      consume(known.get(), vm, host);
    }
    // Told again of a VM that runs, perhaps elsewhere: an old message must not move it back to a
    // host it was rescued from. A real move is found by reconciling.
    state.touch(vm.id());
  }

  private void consume(Ward ward, Vm vm, HostId host) {
    state.claims.remove(vm.id());
    state.write(JournalCodec.CLAIM_OVER, vm.id().value(), new TreeMap<String, String>());
    ward.vm = vm;
    ward.claimed = false;
    ward.arrived = true;
    if (ward.host.equals(host)) {
      state.change(new FleetChange.ClaimConfirmed(vm.id()));
    } else {
      moveTo(ward, host);
    }
  }

  /** The cloud has put it elsewhere, of its own accord. */
  void moveTo(Ward ward, HostId host) {
    keeper.foundAt(ward, host);
    traffic.leaving(ward);
    ward.host = host;
    ward.arrived = true;
    keeper.reseed(ward);
    state.touch(ward.id());
  }

  void deleted(VmId vm) {
    Optional<Ward> found = state.ward(vm);
    if (found.isEmpty() || found.get().deleted) {
      return;
    }
    Ward ward = found.get();
    if (ward.claimed) {
      overdue(ward);
      return;
    }
    ward.deleted = true;
    state.located(vm);
    traffic.forget(vm);
    state.forgetTerms(vm);
    state.wish(vm, Wishes.NONE);
    state.sagaOf(ward).ifPresent(saga -> sagas.vmGone(ward, saga));
    state.change(new FleetChange.PrimaryReleased(vm));
    state.shorts.remove(vm);
    state.touch(vm);
    keeper.roomAppeared();
  }

  /** Removes what is left of a VM that is gone. */
  void clear(Ward ward) {
    keeper.deleteAll(ward);
    if (ward.shadows.isEmpty()) {
      state.wards.remove(ward.id());
    }
  }

  /** Whether a claim has run out: then the cloud is asked, for its report may be what is lost. */
  boolean expired(Wake.ClaimExpiry wake) {
    Claim claim = state.claims.get(wake.vm());
    return claim != null && claim.expires().equals(wake.expires());
  }

  /** The claim is given up: the VM has not come, or was deleted before it did. */
  void overdue(Ward ward) {
    state.claims.remove(ward.id());
    state.write(JournalCodec.CLAIM_OVER, ward.id().value(), new TreeMap<String, String>());
    for (Shadow shadow : List.copyOf(ward.shadows)) {
      keeper.signal(ward, shadow, ShadowSignal.DELETE);
    }
    state.change(new FleetChange.PrimaryReleased(ward.id()));
    state.wards.remove(ward.id());
    state.wish(ward.id(), Wishes.NONE);
    keeper.roomAppeared();
  }
}
