package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.lifecycle.ShadowSignal;
import io.penumbra.scheduler.lifecycle.ShadowState;
import io.penumbra.scheduler.port.Cloud;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Compares what is known with what the cloud reports, because events get lost. What is under way (a
 * claim, a saga, a command to a shadow) is left alone: its own timers look after it.
 */
final class Reconciler {

  private final LoopState state;
  private final Decider decider;
  private boolean lookAgain;

  Reconciler(LoopState state, Decider decider) {
    this.state = state;
    this.decider = decider;
  }

  /** Must be called when all events up to the snapshot's cursor are folded in. */
  void compare(Cloud.Snapshot snapshot, Recovery recovery) {
    List<HostId> found = compareHosts(snapshot);
    compareVms(snapshot);
    lookAgain = false;
    compareShadows(snapshot, recovery);
    if (lookAgain) {
      state.timers.at(state.now.plus(state.settings.shadows().retry()), new Wake.LookAgain());
    }
    decider.incidents.foundDown(found);
  }

  /** Those that were not known before. */
  private List<HostId> compareHosts(Cloud.Snapshot snapshot) {
    List<HostId> found = new ArrayList<>();
    Set<HostId> reported = new HashSet<>();
    for (Cloud.HostReport report : snapshot.hosts()) {
      reported.add(report.host().id());
      Optional<HostRecord> known = state.host(report.host().id());
      if (known.isEmpty()) {
        decider.hosts.discovered(report.host(), report.condition());
        found.add(report.host().id());
      } else if (known.get().leaving) {
        decider.stays(known.get(), report.condition());
      } else if (differs(known.get(), report.condition())) {
        decider.on(
            new Event.HostConditionReported(state.now, report.host().id(), report.condition()));
      }
    }
    state.hosts.keySet().stream()
        .filter(host -> !reported.contains(host))
        .sorted()
        .toList()
        .forEach(host -> decider.on(new Event.HostRemoved(state.now, host)));
    return found;
  }

  /** Quarantine is our own doing, and comes and goes with our own commands. */
  private static boolean differs(HostRecord host, HostCondition reported) {
    boolean wasOut = host.reported == HostCondition.DOWN || host.reported == HostCondition.STALE;
    boolean ours = reported == HostCondition.QUARANTINED && host.watch.isPresent() && !wasOut;
    return host.reported != reported && !ours;
  }

  private void compareVms(Cloud.Snapshot snapshot) {
    Set<VmId> reported = new HashSet<>();
    for (Cloud.VmReport report : snapshot.vms()) {
      reported.add(report.vm().id());
      Optional<Ward> ward = state.ward(report.vm().id());
      boolean settled = ward.isPresent() && !ward.get().claimed && ward.get().saga.isEmpty();
      if (ward.isEmpty() || ward.get().claimed) {
        decider.vms.created(report.vm(), report.host());
        if (!state.terms.containsKey(report.vm().id())) {
          state.servesUnder(report.vm().id(), report.term());
        }
      } else if (settled && !ward.get().deleted) {
        compareVm(ward.get(), report);
      }
    }
    state.wards.values().stream()
        .filter(ward -> !ward.claimed && !ward.deleted && !reported.contains(ward.id()))
        .map(Ward::id)
        .sorted()
        .toList()
        .forEach(decider.vms::deleted);
    state.claims.values().stream()
        .filter(claim -> !claim.expires().isAfter(state.now))
        .flatMap(claim -> state.ward(claim.vm().id()).stream())
        .toList()
        .forEach(decider.vms::overdue);
  }

  private void compareVm(Ward ward, Cloud.VmReport report) {
    // Where a VM is decides what is fenced before it is promoted, so a report that it has moved is
    // only believed of a host that is well and where it is said to serve.
    boolean well = state.host(report.host()).map(host -> host.incident.isEmpty()).orElse(false);
    boolean agreedBefore = !state.whereabouts.containsKey(ward.id());
    if (ward.host.equals(report.host())) {
      ward.lostTrack = false;
      state.located(ward.id());
    } else if (well && (ward.lostTrack || (report.running() && agreedBefore))) {
      ward.lostTrack = false;
      state.located(ward.id());
      decider.vms.moveTo(ward, report.host());
      state.servesUnder(ward.id(), report.term());
    }
    if (!ward.vm.policy().equals(report.vm().policy())) {
      decider.on(new Event.VmPolicyChanged(state.now, ward.id(), report.vm().policy()));
    }
    if (!report.running() && ward.host.equals(report.host())) {
      decider.on(new Event.GuestFailed(state.now, ward.id(), "the cloud says it does not run"));
    }
  }

  private void compareShadows(Cloud.Snapshot snapshot, Recovery recovery) {
    Map<VmId, Set<HostId>> reported = new HashMap<>();
    for (Cloud.ShadowReport report : snapshot.shadows()) {
      reported.computeIfAbsent(report.vm(), vm -> new HashSet<>()).add(report.host());
      Optional<Ward> ward = state.ward(report.vm());
      if (ward.isEmpty()) {
        recovery.adoptShadow(report);
      } else if (!ward.get().claimed) {
        compareShadow(ward.get(), report, recovery);
      }
    }
    for (Ward ward : state.wards.values().stream().sorted(Reconciler::byId).toList()) {
      if (ward.saga.isEmpty() && !ward.claimed) {
        Set<HostId> there = reported.getOrDefault(ward.id(), Set.of());
        loseMissing(ward, there);
      }
    }
  }

  private static int byId(Ward one, Ward other) {
    return one.id().compareTo(other.id());
  }

  private void compareShadow(Ward ward, Cloud.ShadowReport report, Recovery recovery) {
    Optional<Shadow> known = ward.shadowOn(report.host());
    if (known.isEmpty()) {
      adoptOrDelete(ward, report, recovery);
    } else if (known.get().state == ShadowState.READY && ward.saga.isEmpty()) {
      compareReady(ward, known.get(), report);
    } else if (ward.saga.isEmpty()
        && known.get().state == ShadowState.CREATING
        && report.complete()
        && report.term() >= state.terms(ward.id()).serving()
        && (!report.restored() || known.get().fromStore)) {
      // Its report was lost.
      known.get().full = true;
      known.get().term = report.term();
      known.get().pending = Optional.empty();
      decider.keeper.signal(ward, known.get(), ShadowSignal.COMPLETED);
    }
  }

  /**
   * One that could take over, as we know it, and that its agent has twice, some time apart, said to
   * hold no whole state: word that it was lost has been lost. Of a host that is silent, what was
   * said last may be old, and nothing follows from it.
   */
  private void compareReady(Ward ward, Shadow shadow, Cloud.ShadowReport report) {
    boolean heard = state.host(report.host()).map(host -> host.incident.isEmpty()).orElse(false);
    if (report.complete() || !heard) {
      shadow.doubted = Optional.empty();
      return;
    }
    Duration apart = state.settings.shadows().retry();
    if (shadow.doubted.isEmpty()) {
      shadow.doubted = Optional.of(state.now);
      lookAgain = true;
    } else if (!state.now.isBefore(shadow.doubted.get().plus(apart))) {
      decider.keeper.lost(ward, shadow.host);
    }
  }

  /**
   * One that nobody knew of is only worth having when one is missing; for a failover, only when it
   * could take over. Otherwise it keeps its room until it is deleted.
   */
  private void adoptOrDelete(Ward ward, Cloud.ShadowReport report, Recovery recovery) {
    long there =
        ward.shadows.stream().filter(shadow -> shadow.state != ShadowState.DELETING).count();
    boolean useful =
        state.sagaOf(ward).map(saga -> !saga.step.promoted() && report.complete()).orElse(true);
    boolean elsewhere = !ward.host.equals(report.host()) && state.room(report.host()).isPresent();
    if (ward.deleted || !elsewhere || (useful && there < ward.policy().shadows())) {
      recovery.adoptShadow(report);
    } else {
      recovery.stray(ward, report);
    }
  }

  private void loseMissing(Ward ward, Set<HostId> there) {
    for (Shadow shadow : List.copyOf(ward.shadows)) {
      if (shadow.state == ShadowState.READY && !there.contains(shadow.host)) {
        decider.keeper.lost(ward, shadow.host);
      }
    }
  }
}
