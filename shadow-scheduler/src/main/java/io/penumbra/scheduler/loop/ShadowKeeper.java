package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
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
import java.util.Comparator;
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
    stayIfNoneReplaces(ward);
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
    good.stream().filter(s -> outdated(ward, s)).toList().forEach(s -> refill(ward, s));
    if (good.size() < wanted) {
      placeMissing(ward, good, wanted);
    } else {
      ward.shortAttempts = 0;
      state.shorts.remove(ward.id());
      removeSurplus(ward, good, wanted);
    }
    replace(ward, good, bad, wanted);
    good.stream().filter(s -> s.state == ShadowState.READY).toList().forEach(s -> adjust(ward, s));
  }

  /** Takes away one that should go for each that stands in its place. */
  private void replace(Ward ward, List<Shadow> good, List<Shadow> bad, int wanted) {
    long standing = good.stream().filter(Shadow::protects).count();
    bad.sort(Comparator.comparing((Shadow shadow) -> shadow.protects()));
    bad.stream()
        .limit(Math.max(0, standing + bad.size() - wanted))
        .forEach(shadow -> delete(ward, shadow));
  }

  /** The one that was to stand in its place has gone itself. */
  private static void stayIfNoneReplaces(Ward ward) {
    long there =
        ward.shadows.stream().filter(shadow -> shadow.state != ShadowState.DELETING).count();
    if (there <= ward.policy().shadows()) {
      ward.shadows.forEach(shadow -> shadow.crowded = false);
    }
  }

  /** Places a shadow once more, elsewhere; the one on this host goes when that is complete. */
  boolean moveAway(Ward ward, HostId from) {
    List<Shadow> staying = ward.shadows.stream().filter(s -> !s.host.equals(from)).toList();
    List<Shadow> placed = placing.place(ward, staying, ward.vm);
    if (placed.isEmpty()) {
      return false;
    }
    ward.shadowOn(from).ifPresent(shadow -> shadow.crowded = true);
    placed.forEach(shadow -> order(ward, shadow));
    return true;
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

  /**
   * Whether it is ready with the state of an earlier primary, or with what was stored of one that
   * serves on after all and sends to nobody: it has to be filled anew.
   */
  private boolean outdated(Ward ward, Shadow shadow) {
    return shadow.state == ShadowState.READY
        && (shadow.term < state.terms(ward.id()).serving() || shadow.fromStore);
  }

  /** Whether a shadow, where it stands, is or will be what the policy asks for. */
  private boolean serves(Ward ward, Shadow shadow) {
    Optional<HostRecord> host = state.host(shadow.host);
    Optional<HostView> view = state.room(shadow.host);
    Optional<HostView> primary = state.room(ward.host);
    if (host.isEmpty() || view.isEmpty() || primary.isEmpty()) {
      return false;
    }
    if (shadow.crowded || host.get().dead() || host.get().draining() || host.get().leaving) {
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
    shadow.doubted = Optional.empty();
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

  /**
   * The primary that was to fill them is dead. One that had a whole state of its term, as what was
   * restored has, could take over with that; it has to be filled anew should a primary live on.
   */
  void breakOffFills(Ward ward) {
    long serving = state.terms(ward.id()).serving();
    for (Shadow shadow : List.copyOf(ward.shadows)) {
      boolean whole = shadow.refill && shadow.full && shadow.term >= serving;
      if (shadow.state == ShadowState.CREATING && whole) {
        shadow.pending = Optional.empty();
        shadow.fromStore = true;
        signal(ward, shadow, ShadowSignal.COMPLETED);
      }
    }
  }

  /** Asks for a shadow to be created where none is. */
  void order(Ward ward, Shadow shadow) {
    order(ward, shadow, false);
  }

  /** Asks for a shadow that stands to be filled anew from the present primary. */
  void refill(Ward ward, Shadow shadow) {
    order(ward, shadow, true);
  }

  private void order(Ward ward, Shadow shadow, boolean refill) {
    signal(ward, shadow, ShadowSignal.ORDER);
    shadow.refill = refill;
    shadow.fromStore &= !refill;
    shadow.attempts = 0;
    create(ward, shadow);
  }

  private void create(Ward ward, Shadow shadow) {
    CommandId id = state.newCommand();
    shadow.orderedTerm = state.terms(ward.id()).serving();
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
            ward.policy().rpo(),
            shadow.refill,
            shadow.fromStore),
        state.settings.shadows().createTimeout());
  }

  private void give(Ward ward, Shadow shadow, Command command, Duration timeout) {
    shadow.pending = Optional.of(command.id());
    shadow.waiting = false;
    state.intend(command);
    state.command(command, new Owner.OfShadow(ward.id(), shadow.host));
    state.timers.at(
        state.now.plus(timeout), new Wake.ShadowDeadline(ward.id(), shadow.host, command.id()));
  }

  void delete(Ward ward, Shadow shadow) {
    leave(ward, shadow, ShadowSignal.DELETE);
  }

  /**
   * Room is given back only when the agent says that nothing is left there. Until then it is asked
   * to delete, whoever has said that the shadow should go, or has gone.
   */
  private void leave(Ward ward, Shadow shadow, ShadowSignal why) {
    boolean already = shadow.state == ShadowState.DELETING;
    signal(ward, shadow, why);
    if (shadow.state == ShadowState.DELETING && !already) {
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

  /** It is said to be gone without having been asked to go: it protects nothing any more. */
  void lost(Ward ward, HostId host) {
    ward.shadowOn(host)
        .ifPresent(shadow -> {
          shadow.full = false;
          ward.acked.remove(host);
          leave(ward, shadow, ShadowSignal.LOST);
        });
  }

  /** The VM itself was found where its shadow stood: they are one and the same. */
  void becamePrimary(Ward ward, HostId host) {
    ward.shadowOn(host).ifPresent(shadow -> signal(ward, shadow, ShadowSignal.LOST));
    ward.shadowOn(host).ifPresent(shadow -> signal(ward, shadow, ShadowSignal.DELETED));
  }

  /**
   * One stands where nobody wants it. It takes what its agent says, so it is promised that, or what
   * is left of its host when that is less, until it is deleted.
   */
  void found(Ward ward, HostId host, ShadowMode mode, Resources taken) {
    Resources held = taken.min(state.unallocated(host));
    Shadow stray = new Shadow(host, mode, held);
    state.change(new FleetChange.ShadowPlaced(ward.id(), host, held, Resources.NONE));
    ward.add(stray);
    leave(ward, stray, ShadowSignal.FOUND);
  }

  /** A host can be spoken to again: what is to go from there need not wait any longer. */
  void hostAnswers(HostId host) {
    for (VmId vm : state.fleet.shadowsOn(host)) {
      state
          .ward(vm)
          .ifPresent(ward ->
              ward.shadowOn(host)
                  .filter(shadow -> shadow.waiting && shadow.state == ShadowState.DELETING)
                  .ifPresent(shadow -> {
                    shadow.attempts = 0;
                    signal(ward, shadow, ShadowSignal.RETRY);
                    giveDelete(ward, shadow);
                  }));
    }
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
    if (shadow.sizeUnsure || !wanted.equals(shadow.resident)) {
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
    shadow.sizeUnsure = true;
    grown(shadow, Math.max(0, wanted.memoryMib() - calmSize(ward, mode).memoryMib()));
  }

  private void grown(Shadow shadow, long mib) {
    state.grownMib += mib - shadow.grownMib;
    shadow.grownMib = mib;
  }

  /** A command that was given may still make it take more. */
  void mayTake(Ward ward, Shadow shadow, Resources taken) {
    if (!taken.fitsIn(shadow.resident)) {
      Resources most = shadow.resident.plus(state.unallocated(shadow.host));
      Resources size = ward.vm.size().max(shadow.resident);
      hold(ward, shadow, shadow.resident.max(taken.min(most).min(size)));
      shadow.sizeUnsure = true;
    }
  }

  private void hold(Ward ward, Shadow shadow, Resources resident) {
    shadow.resident = resident;
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
    } else if (outcome instanceof Outcome.Failed no && no.code().equals("no-shadow")) {
      lost(ward.get(), owner.host());
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
        shadow.term = shadow.orderedTerm;
        signal(ward, shadow, ShadowSignal.COMPLETED);
      }
      case RESIZING -> {
        hold(ward, shadow, shadow.nextResident);
        shadow.sizeUnsure = false;
        signal(ward, shadow, ShadowSignal.SETTLED);
      }
      case CHANGING -> {
        // Its size is another matter, and is set next.
        shadow.mode = shadow.nextMode;
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
    grown(
        shadow, Math.max(0, shadow.resident.memoryMib() - calmSize(ward, shadow.mode).memoryMib()));
    signal(ward, shadow, ShadowSignal.SETTLED);
  }

  /** Asked for again until it is done; only of a host that leaves for good nobody will say so. */
  private void deletionFailed(Ward ward, Shadow shadow, CommandId id) {
    boolean comesBack = state.host(shadow.host).map(host -> !host.leaving).orElse(false);
    if (comesBack || shadow.attempts < state.settings.steps().retries()) {
      retryLater(ward, shadow, id);
    } else {
      signal(ward, shadow, ShadowSignal.DELETED);
    }
  }

  private void retryLater(Ward ward, Shadow shadow, CommandId id) {
    shadow.waiting = true;
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

  /** A saga wants it to take over: it gets the VM's whole size, or what there is of it. */
  void choose(Ward ward, Shadow shadow) {
    shadow.pending = Optional.empty();
    Resources most = shadow.resident.plus(state.unallocated(shadow.host));
    hold(ward, shadow, shadow.resident.max(ward.vm.size().min(most)));
    signal(ward, shadow, ShadowSignal.CHOSEN);
  }

  /** The saga gives it back. */
  void release(Ward ward, HostId host) {
    ward.shadowOn(host)
        .filter(shadow -> shadow.state == ShadowState.TAKING_OVER)
        .ifPresent(shadow -> {
          // It may have been given its whole size; only a resize that is done takes that back.
          shadow.sizeUnsure = true;
          signal(ward, shadow, ShadowSignal.RELEASED);
        });
  }

  /** Its instance on this host is the primary, whatever we took it for. */
  void foundAt(Ward ward, HostId host) {
    becamePrimary(ward, host);
    state.change(new FleetChange.PrimaryReleased(ward.id()));
    state.change(
        new FleetChange.PrimaryPlaced(ward.id(), host, ward.vm.size(), ward.vm.groups(), false));
  }

  /** It is the primary now; a fact, even if its host has not got the room. */
  void promoted(Ward ward, Shadow shadow) {
    if (state.fleet.canPromote(ward.id(), shadow.host)) {
      state.change(new FleetChange.ShadowPromoted(ward.id(), shadow.host));
    } else {
      state.change(new FleetChange.ShadowReleased(ward.id(), shadow.host));
      state.change(new FleetChange.PrimaryReleased(ward.id()));
      state.change(
          new FleetChange.PrimaryPlaced(
              ward.id(), shadow.host, ward.vm.size(), ward.vm.groups(), false));
    }
    signal(ward, shadow, ShadowSignal.PROMOTE);
  }

  /** Fills the shadows that are left anew: their primary is another one. */
  void reseed(Ward ward) {
    for (Shadow shadow : List.copyOf(ward.shadows)) {
      if (shadow.state == ShadowState.READY) {
        refill(ward, shadow);
      }
    }
  }

  /**
   * Places a cold shadow, filled from the chunk store, for a VM that nothing else can bring back.
   */
  boolean placeFromStore(Ward ward) {
    List<Shadow> placed = placing.placeFromStore(ward);
    placed.forEach(shadow -> {
      shadow.fromStore = true;
      order(ward, shadow);
    });
    return !placed.isEmpty();
  }
}
