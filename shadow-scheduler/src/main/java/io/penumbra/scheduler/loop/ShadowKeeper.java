package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.DomainKind;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.fleet.HardwareAspect;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.scheduler.lifecycle.ShadowSignal;
import io.penumbra.scheduler.lifecycle.ShadowState;
import io.penumbra.scheduler.lifecycle.ShadowTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gives every VM the shadows its policy asks for, and takes none away before a better one is
 * complete. Looks at what is there and does what is missing, so it can be asked at any time.
 */
final class ShadowKeeper {

  private final LoopState state;
  private final ShadowPlacing placing;

  ShadowKeeper(LoopState state) {
    this.state = state;
    this.placing = new ShadowPlacing(state);
  }

  /** Brings a VM's shadows nearer to what its policy wants. */
  void ensure(Ward ward) {
    List<Shadow> good = new ArrayList<>();
    List<Shadow> bad = new ArrayList<>();
    for (Shadow shadow : ward.shadows) {
      if (shadow.state != ShadowState.DELETING) {
        (serves(ward, shadow) ? good : bad).add(shadow);
      }
    }
    int wanted = ward.policy().shadows();
    good.stream()
        .filter(s -> s.state == ShadowState.PROMISED)
        .toList()
        .forEach(s -> order(ward, s));
    if (good.size() < wanted) {
      placeMissing(ward, good, wanted);
    } else {
      ward.shortAttempts = 0;
      state.shorts.remove(ward.id());
      removeSurplus(ward, good, wanted);
    }
    long standing = good.stream().filter(Shadow::protects).count();
    if (standing >= wanted) {
      bad.forEach(shadow -> delete(ward, shadow));
    }
    good.stream().filter(s -> s.state == ShadowState.READY).toList().forEach(s -> adjust(ward, s));
  }

  private void placeMissing(Ward ward, List<Shadow> good, int wanted) {
    if (state.now.isBefore(ward.shortUntil)) {
      return;
    }
    List<Shadow> placed = placing.place(ward, good, ward.vm);
    placed.forEach(shadow -> order(ward, shadow));
    good.addAll(placed);
    if (good.size() >= wanted) {
      ward.shortAttempts = 0;
      state.shorts.remove(ward.id());
      return;
    }
    waitForRoom(ward);
    state.shorts.add(ward.id());
    if (ward.shortAttempts == 1) {
      state.alert(
          "short-of-shadows",
          ward.id().value(),
          "%s has %d of %d shadows, and no host takes another"
              .formatted(ward.id(), good.size(), wanted),
          "penumbra decisions explain %s says why".formatted(ward.id()));
    }
  }

  /** Waits, longer each time, before another place is looked for. */
  private void waitForRoom(Ward ward) {
    ward.shortAttempts++;
    Duration wait =
        LoopState.backoff(
            state.settings.shadows().retry(),
            state.settings.shadows().retryMax(),
            ward.shortAttempts);
    ward.shortUntil = state.now.plus(wait);
    state.timers.at(ward.shortUntil, new Wake.LookAt(ward.id()));
  }

  /** Lets those that lack a shadow try again, when room has appeared; some at a time. */
  void roomAppeared() {
    int some = 64;
    for (var vm : state.shorts) {
      if (some-- == 0) {
        return;
      }
      state
          .ward(vm)
          .ifPresent(ward -> {
            ward.shortUntil = state.now;
            state.touch(vm);
          });
    }
  }

  private void removeSurplus(Ward ward, List<Shadow> good, int wanted) {
    // Those that don't protect go first, then the last by host id.
    for (int pass = 0; pass < 2; pass++) {
      for (int i = good.size() - 1; i >= 0 && good.size() > wanted; i--) {
        Shadow shadow = good.get(i);
        if (pass == 1 || !shadow.protects()) {
          good.remove(i);
          delete(ward, shadow);
        }
      }
    }
  }

  /** Whether a shadow, where it stands, is or will be what the policy asks for. */
  private boolean serves(Ward ward, Shadow shadow) {
    Optional<HostRecord> host = state.host(shadow.host);
    Optional<HostView> view = state.room(shadow.host);
    Optional<HostView> primary = state.room(ward.host);
    if (host.isEmpty() || view.isEmpty() || primary.isEmpty()) {
      return false;
    }
    if (host.get().dead() || host.get().draining() || host.get().leaving) {
      return false;
    }
    boolean inPlace =
        shadow.mode == ward.policy().mode()
            || shadow.state == ShadowState.CHANGING
            || fits(shadow, calmSize(ward, ward.policy().mode()));
    return inPlace && differs(ward, view.get(), primary.get());
  }

  private boolean standsApart(Ward ward, Shadow shadow) {
    Optional<HostView> view = state.room(shadow.host);
    Optional<HostView> primary = state.room(ward.host);
    return view.isEmpty() || primary.isEmpty() || differs(ward, view.get(), primary.get());
  }

  private static boolean differs(Ward ward, HostView shadow, HostView primary) {
    for (DomainKind kind : ward.policy().diversity().domains()) {
      if (shadow.sharesDomain(primary, kind)) {
        return false;
      }
    }
    for (HardwareAspect aspect : ward.policy().diversity().hardware()) {
      if (shadow.sharesHardware(primary, aspect)) {
        return false;
      }
    }
    return true;
  }

  // --- one shadow

  void signal(Ward ward, Shadow shadow, ShadowSignal signal) {
    ShadowState next = ShadowTable.TABLE.next(shadow.state, signal);
    state.observer.moved(
        ShadowTable.TABLE.machine(), ward.id() + "@" + shadow.host, shadow.state, signal, next);
    shadow.state = next;
    if (next == ShadowState.GONE) {
      grown(shadow, 0);
      ward.shadows.remove(shadow);
      ward.acked.remove(shadow.host);
      state.change(new FleetChange.ShadowReleased(ward.id(), shadow.host));
    } else if (next == ShadowState.PROMOTED) {
      grown(shadow, 0);
      ward.shadows.remove(shadow);
    }
    state.touch(ward.id());
  }

  /** Asks for a shadow to be created, or to be filled anew from the present primary. */
  void order(Ward ward, Shadow shadow) {
    signal(ward, shadow, ShadowSignal.ORDER);
    shadow.attempts = 0;
    create(ward, shadow);
  }

  private void create(Ward ward, Shadow shadow) {
    CommandId id = state.newCommand();
    give(
        ward,
        shadow,
        new Command.CreateShadow(
            id,
            ward.id(),
            ward.host,
            shadow.host,
            shadow.mode,
            shadow.resident,
            ward.policy().rpo()),
        state.settings.shadows().createTimeout());
  }

  private void give(Ward ward, Shadow shadow, Command command, Duration timeout) {
    shadow.pending = Optional.of(command.id());
    state.intend(command);
    state.command(command, new Owner.OfShadow(ward.id(), shadow.host));
    state.timers.at(
        state.now.plus(timeout), new Wake.ShadowDeadline(ward.id(), shadow.host, command.id()));
  }

  void delete(Ward ward, Shadow shadow) {
    signal(ward, shadow, ShadowSignal.DELETE);
    if (shadow.state == ShadowState.DELETING) {
      shadow.attempts = 0;
      giveDelete(ward, shadow);
    }
  }

  private void giveDelete(Ward ward, Shadow shadow) {
    give(
        ward,
        shadow,
        new Command.DeleteShadow(state.newCommand(), ward.id(), shadow.host),
        state.settings.shadows().commandTimeout());
  }

  void deleteAll(Ward ward) {
    for (Shadow shadow : List.copyOf(ward.shadows)) {
      if (shadow.state != ShadowState.DELETING) {
        delete(ward, shadow);
      }
    }
  }

  /** It is gone without having been asked to go. */
  void lost(Ward ward, HostId host) {
    ward.shadowOn(host).ifPresent(shadow -> signal(ward, shadow, ShadowSignal.LOST));
  }

  // --- mode and size

  private Resources calmSize(Ward ward, ShadowMode mode) {
    return state.placer.settings().sizing().resident(mode, ward.vm.size(), 0);
  }

  /** Changes a shadow that stands ready into what is wanted now, one thing at a time. */
  private void adjust(Ward ward, Shadow shadow) {
    if (state.now.isBefore(shadow.notBefore)) {
      return;
    }
    ShadowMode mode = ward.policy().mode();
    if (shadow.mode != mode) {
      resize(ward, shadow, calmSize(ward, mode), mode);
      signal(ward, shadow, ShadowSignal.CHANGE_MODE);
      give(
          ward,
          shadow,
          new Command.ChangeShadowMode(state.newCommand(), ward.id(), shadow.host, mode),
          state.settings.shadows().createTimeout());
      return;
    }
    Resources wanted = wantedSize(ward, shadow);
    if (!wanted.equals(shadow.resident)) {
      resize(ward, shadow, wanted, mode);
      signal(ward, shadow, ShadowSignal.RESIZE);
      give(
          ward,
          shadow,
          new Command.ResizeShadow(state.newCommand(), ward.id(), shadow.host, wanted),
          state.settings.shadows().commandTimeout());
    }
  }

  private Resources wantedSize(Ward ward, Shadow shadow) {
    Resources calm = calmSize(ward, shadow.mode);
    if (!ward.heightened) {
      return calm;
    }
    Resources grown =
        state
            .placer
            .settings()
            .sizing()
            .resident(shadow.mode, ward.vm.size(), state.settings.risk().growth());
    long more = grown.memoryMib() - calm.memoryMib() - shadow.grownMib;
    double budget = state.settings.risk().growthBudgetShare() * state.fleetMemoryMib;
    boolean affordable = state.grownMib + more <= budget && fits(shadow, grown);
    return affordable || grown.equals(shadow.resident) ? grown : shadow.resident;
  }

  private boolean fits(Shadow shadow, Resources wanted) {
    return state
        .room(shadow.host)
        .map(room -> wanted.fitsIn(shadow.resident.plus(room.free())))
        .orElse(false);
  }

  /** Takes the larger of both sizes at once; what is given back is given back when it is done. */
  private void resize(Ward ward, Shadow shadow, Resources wanted, ShadowMode mode) {
    shadow.nextMode = mode;
    shadow.nextResident = wanted;
    hold(ward, shadow, shadow.resident.max(wanted));
    grown(shadow, Math.max(0, wanted.memoryMib() - calmSize(ward, mode).memoryMib()));
  }

  private void grown(Shadow shadow, long mib) {
    state.grownMib += mib - shadow.grownMib;
    shadow.grownMib = mib;
  }

  private void hold(Ward ward, Shadow shadow, Resources resident) {
    state.change(
        new FleetChange.ShadowResized(
            ward.id(), shadow.host, resident, ward.vm.size().minus(resident)));
  }

  // --- what comes back

  void report(Owner.OfShadow owner, CommandId id, Outcome outcome) {
    Optional<Ward> ward = state.ward(owner.vm());
    Optional<Shadow> shadow = ward.flatMap(found -> found.shadowOn(owner.host()));
    if (shadow.isEmpty()) {
      state.ignoredReports++;
    } else if (!shadow.get().pending.equals(Optional.of(id))) {
      state.ignoredReports++;
      if (shadow.get().state != ShadowState.PROMISED) {
        signal(ward.get(), shadow.get(), ShadowSignal.LATE);
      }
    } else if (outcome instanceof Outcome.Done) {
      done(ward.get(), shadow.get());
    } else {
      failed(ward.get(), shadow.get(), id);
    }
  }

  void deadline(Wake.ShadowDeadline wake) {
    Optional<Ward> ward = state.ward(wake.vm());
    ward.flatMap(found -> found.shadowOn(wake.host()))
        .filter(shadow -> shadow.pending.equals(Optional.of(wake.command())))
        .ifPresent(shadow -> failed(ward.get(), shadow, wake.command()));
  }

  private void done(Ward ward, Shadow shadow) {
    shadow.pending = Optional.empty();
    shadow.attempts = 0;
    switch (shadow.state) {
      case CREATING -> {
        shadow.full = true;
        signal(ward, shadow, ShadowSignal.COMPLETED);
      }
      case RESIZING, CHANGING -> {
        shadow.mode = shadow.nextMode;
        shadow.resident = shadow.nextResident;
        hold(ward, shadow, shadow.resident);
        signal(ward, shadow, ShadowSignal.SETTLED);
      }
      case DELETING -> signal(ward, shadow, ShadowSignal.DELETED);
      case PROMISED, READY, TAKING_OVER, PROMOTED, GONE -> state.ignoredReports++;
    }
  }

  private void failed(Ward ward, Shadow shadow, CommandId id) {
    shadow.attempts++;
    switch (shadow.state) {
      case CREATING -> creationFailed(ward, shadow, id);
      case RESIZING, CHANGING -> changeFailed(ward, shadow);
      case DELETING -> deletionFailed(ward, shadow, id);
      case PROMISED, READY, TAKING_OVER, PROMOTED, GONE -> state.ignoredReports++;
    }
  }

  private void creationFailed(Ward ward, Shadow shadow, CommandId id) {
    if (shadow.attempts < state.settings.steps().retries()) {
      retryLater(ward, shadow, id);
    } else {
      waitForRoom(ward);
      delete(ward, shadow);
    }
  }

  private void changeFailed(Ward ward, Shadow shadow) {
    shadow.pending = Optional.empty();
    shadow.notBefore = state.now.plus(state.settings.shadows().retry());
    state.timers.at(shadow.notBefore, new Wake.LookAt(ward.id()));
    // Nobody can say which size it has now, so the larger one stays promised.
    hold(ward, shadow, shadow.resident.max(shadow.nextResident));
    grown(
        shadow, Math.max(0, shadow.resident.memoryMib() - calmSize(ward, shadow.mode).memoryMib()));
    signal(ward, shadow, ShadowSignal.SETTLED);
  }

  /**
   * On a host that is in service its room is not promised to others until somebody says that it is
   * gone. On one that is not, nothing is placed; what may be left of it is found by reconciling.
   */
  private void deletionFailed(Ward ward, Shadow shadow, CommandId id) {
    boolean placedOn =
        state
            .host(shadow.host)
            .map(host -> host.incident.isEmpty() && host.reported.acceptsPlacements())
            .orElse(false);
    if (placedOn || shadow.attempts < state.settings.steps().retries()) {
      retryLater(ward, shadow, id);
    } else {
      signal(ward, shadow, ShadowSignal.DELETED);
    }
  }

  private void retryLater(Ward ward, Shadow shadow, CommandId id) {
    Duration wait =
        LoopState.backoff(
            state.settings.shadows().retry(), state.settings.shadows().retryMax(), shadow.attempts);
    state.timers.at(state.now.plus(wait), new Wake.ShadowRetry(ward.id(), shadow.host, id));
  }

  void retry(Wake.ShadowRetry wake) {
    Optional<Ward> ward = state.ward(wake.vm());
    ward.flatMap(found -> found.shadowOn(wake.host()))
        .filter(shadow -> shadow.pending.equals(Optional.of(wake.command())))
        .ifPresent(shadow -> {
          signal(ward.get(), shadow, ShadowSignal.RETRY);
          if (shadow.state == ShadowState.DELETING) {
            giveDelete(ward.get(), shadow);
          } else if (!standsApart(ward.get(), shadow)) {
            // The primary has moved since it was asked for, and now stands too near.
            delete(ward.get(), shadow);
            state.touch(ward.get().id());
          } else {
            create(ward.get(), shadow);
          }
        });
  }

  // --- for sagas

  /** A saga wants it to take over: it gets the VM's whole size. */
  void choose(Ward ward, Shadow shadow) {
    shadow.pending = Optional.empty();
    hold(ward, shadow, ward.vm.size());
    signal(ward, shadow, ShadowSignal.CHOSEN);
  }

  /** The saga gives it back. */
  void release(Ward ward, HostId host) {
    ward.shadowOn(host)
        .filter(shadow -> shadow.state == ShadowState.TAKING_OVER)
        .ifPresent(shadow -> {
          // It may have been given its whole size; only a resize that is done takes that back.
          shadow.resident = ward.vm.size();
          signal(ward, shadow, ShadowSignal.RELEASED);
        });
  }

  /** It is the primary now. */
  void promoted(Ward ward, Shadow shadow) {
    state.change(new FleetChange.ShadowPromoted(ward.id(), shadow.host));
    signal(ward, shadow, ShadowSignal.PROMOTE);
  }

  /** Fills the shadows that are left anew: their primary is another one. */
  void reseed(Ward ward) {
    for (Shadow shadow : List.copyOf(ward.shadows)) {
      if (shadow.state == ShadowState.READY) {
        order(ward, shadow);
      }
    }
  }

  /**
   * Places a cold shadow, filled from the chunk store, for a VM that nothing else can bring back.
   */
  boolean placeFromStore(Ward ward) {
    List<Shadow> placed = placing.placeFromStore(ward);
    placed.forEach(shadow -> order(ward, shadow));
    return !placed.isEmpty();
  }
}
