package io.penumbra.scheduler.loop;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.failover.FailoverBreaker;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.failover.WatchOutcome;
import io.penumbra.scheduler.lifecycle.ShadowSignal;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Journal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Builds what the loop knows from the journal (what it has decided) and the cloud (what there is).
 * Failovers go on at the step they were at; shadows are adopted, created again or deleted.
 */
final class Recovery {

  private final LoopState state;
  private final Decider decider;
  private final Map<String, Saga> sagas = new LinkedHashMap<>();
  private final Map<String, Map<String, Long>> acked = new LinkedHashMap<>();
  private final Map<String, Incident> incidents = new LinkedHashMap<>();
  private final Map<String, Claim> claims = new LinkedHashMap<>();
  private final List<JournalCodec.IntentLine> onTheirWay = new ArrayList<>();

  Recovery(LoopState state, Decider decider) {
    this.state = state;
    this.decider = decider;
  }

  /** Reads one journal entry; of several on one thing the last one holds. */
  void read(Journal.Entry entry) {
    JournalCodec codec = state.codec;
    switch (entry.kind()) {
      case JournalCodec.START ->
          state.incarnation = codec.read(entry, JournalCodec.StartLine.class).incarnation() + 1;
      case JournalCodec.SAGA -> readSaga(entry);
      case JournalCodec.INCIDENT ->
          incidents.put(
              entry.key(),
              JournalCodec.incident(codec.read(entry, JournalCodec.IncidentLine.class)));
      case JournalCodec.WATCH -> readWatch(entry);
      case JournalCodec.WATCH_OUTCOME ->
          state.watchOutcomes.addLast(codec.read(entry, WatchOutcome.class));
      case JournalCodec.CLAIM -> claims.put(entry.key(), codec.read(entry, Claim.class));
      case JournalCodec.CLAIM_OVER -> claims.remove(entry.key());
      case JournalCodec.ADMISSION ->
          state.breaker.admit(codec.read(entry, FailoverBreaker.Admitted.class));
      case JournalCodec.FAILOVER -> state.ledger.addLast(codec.read(entry, FailoverRecord.class));
      case JournalCodec.WHEREABOUTS -> readWhereabouts(entry);
      case JournalCodec.REDIRECT -> readRedirect(entry);
      case JournalCodec.TERMS -> readTerms(entry);
      case JournalCodec.WISHES -> readWishes(entry);
      case JournalCodec.INTENT -> readIntent(entry);
      default ->
          throw new IllegalStateException(
              "journal entry of unknown kind '%s' at %s; maybe it was written by a newer version"
                  .formatted(entry.kind(), entry.at()));
    }
  }

  private void readSaga(Journal.Entry entry) {
    JournalCodec.SagaLine line = state.codec.read(entry, JournalCodec.SagaLine.class);
    if (line.step().terminal()) {
      sagas.remove(entry.key());
    } else {
      sagas.put(entry.key(), JournalCodec.saga(line));
      acked.put(entry.key(), line.acked());
    }
  }

  /** The cloud is asked what has come of it, but it may not have come to anything yet. */
  private void readIntent(Journal.Entry entry) {
    boolean mayBeOnItsWay =
        entry.at().plus(state.settings.shadows().commandTimeout()).isAfter(state.now);
    if (mayBeOnItsWay) {
      onTheirWay.add(state.codec.read(entry, JournalCodec.IntentLine.class));
    }
  }

  private void readWhereabouts(Journal.Entry entry) {
    VmId vm = VmId.of(entry.key());
    state
        .codec
        .read(entry, JournalCodec.WhereLine.class)
        .host()
        .ifPresentOrElse(
            host -> state.whereabouts.put(vm, host), () -> state.whereabouts.remove(vm));
  }

  private void readTerms(Journal.Entry entry) {
    Terms terms = state.codec.read(entry, Terms.class);
    if (terms.equals(Terms.FIRST)) {
      state.terms.remove(VmId.of(entry.key()));
    } else {
      state.terms.put(VmId.of(entry.key()), terms);
    }
  }

  private void readWishes(Journal.Entry entry) {
    Wishes wishes = state.codec.read(entry, Wishes.class);
    if (wishes.equals(Wishes.NONE)) {
      state.wishes.remove(VmId.of(entry.key()));
    } else {
      state.wishes.put(VmId.of(entry.key()), wishes);
    }
  }

  private void readRedirect(Journal.Entry entry) {
    VmId vm = VmId.of(entry.key());
    List<HostId> maybeAt = state.codec.read(entry, JournalCodec.RedirectLine.class).maybeAt();
    if (maybeAt.isEmpty()) {
      state.redirects.remove(vm);
    } else {
      Redirect redirect = new Redirect();
      redirect.maybeAt.addAll(maybeAt);
      state.redirects.put(vm, redirect);
    }
  }

  private void readWatch(Journal.Entry entry) {
    JournalCodec.WatchLine line = state.codec.read(entry, JournalCodec.WatchLine.class);
    HostId host = HostId.of(entry.key());
    if (line.over()) {
      state.watches.remove(host);
    } else {
      state.watches.put(host, JournalCodec.watch(line));
    }
  }

  /** Puts together what was read and what the cloud reports. */
  void build(Cloud.Snapshot snapshot) {
    snapshot.hosts().stream()
        .sorted(Comparator.comparing(report -> report.host().id()))
        .forEach(report -> decider.hosts.discovered(report.host(), report.condition()));
    List<Incident> open = attachIncidents();
    Map<VmId, Saga> sagaOf = new LinkedHashMap<>();
    sagas.values().forEach(saga -> sagaOf.put(saga.vm, saga));
    snapshot.vms().stream()
        .sorted(Comparator.comparing(report -> report.vm().id()))
        .forEach(report -> adoptVm(report, Optional.ofNullable(sagaOf.get(report.vm().id()))));
    forgetOfNobody();
    List<Saga> resumed = attachSagas();
    adoptShadows(snapshot, resumed);
    onTheirWay.forEach(this::expect);
    restoreClaims();
    forgetWishesOfNobody();
    open.forEach(decider.incidents::resume);
    state.watches.keySet().stream()
        .flatMap(host -> state.host(host).stream())
        .toList()
        .forEach(decider.hosts::resume);
    decider.sagas.resume(resumed);
    decider.incidents.foundDown(state.hosts.keySet());
    state.wards.keySet().stream().sorted().forEach(state::touch);
    state.admitAgain = true;
  }

  /** What was remembered of VMs that are gone. */
  private void forgetOfNobody() {
    List.copyOf(state.redirects.keySet()).stream()
        .filter(vm -> state.ward(vm).isEmpty())
        .forEach(decider.traffic::forget);
    List.copyOf(state.terms.keySet()).stream()
        .filter(vm -> state.ward(vm).isEmpty())
        .forEach(state::forgetTerms);
  }

  private void forgetWishesOfNobody() {
    List.copyOf(state.wishes.keySet()).stream()
        .filter(vm -> state.ward(vm).filter(ward -> !ward.deleted).isEmpty())
        .forEach(vm -> state.wish(vm, Wishes.NONE));
  }

  private List<Incident> attachIncidents() {
    List<Incident> open = new ArrayList<>();
    for (Incident incident : incidents.values()) {
      Optional<HostRecord> host = state.host(incident.host);
      boolean closed = incident.state == IncidentState.CLOSED || host.isEmpty();
      if (!closed) {
        host.get().incident = Optional.of(incident);
        state.incidents.put(incident.id, incident);
        decider.hosts.refresh(host.get());
        open.add(incident);
      }
    }
    return open;
  }

  /** A VM is where the cloud says, unless a failover of it knows better. */
  private void adoptVm(Cloud.VmReport report, Optional<Saga> saga) {
    HostId host = whereabouts(report);
    if (saga.isPresent()) {
      Saga known = saga.get();
      HostId should = known.step.promoted() ? known.target.orElse(host) : known.from;
      host = state.host(should).isPresent() ? should : host;
    }
    if (state.host(host).isEmpty()) {
      return;
    }
    claims.remove(report.vm().id().value());
    state.wards.put(report.vm().id(), new Ward(report.vm(), host));
    if (!state.terms.containsKey(report.vm().id())) {
      state.servesUnder(report.vm().id(), report.term());
    }
    state.change(
        new FleetChange.PrimaryPlaced(
            report.vm().id(), host, report.vm().size(), report.vm().groups(), false));
  }

  private HostId whereabouts(Cloud.VmReport report) {
    HostId ours = state.whereabouts.getOrDefault(report.vm().id(), report.host());
    if (ours.equals(report.host())) {
      state.located(report.vm().id());
    }
    return state.host(ours).isPresent() ? ours : report.host();
  }

  /** Those that are being brought to life come first: they need all of their room. */
  private void adoptShadows(Cloud.Snapshot snapshot, List<Saga> resumed) {
    List<Cloud.ShadowReport> reports =
        snapshot.shadows().stream()
            .sorted(
                Comparator.comparing(Cloud.ShadowReport::vm)
                    .thenComparing(Cloud.ShadowReport::host))
            .toList();
    reports.stream().filter(this::takesOver).forEach(this::adoptWhole);
    resumed.forEach(this::adoptTarget);
    reports.stream().filter(report -> !takesOver(report)).forEach(this::adoptShadow);
  }

  private boolean takesOver(Cloud.ShadowReport report) {
    return state
        .ward(report.vm())
        .flatMap(state::sagaOf)
        .filter(saga -> saga.step.takesOver() && saga.target.equals(Optional.of(report.host())))
        .isPresent();
  }

  /** It may have its whole size already, or get it by a command that is still on its way. */
  private void adoptWhole(Cloud.ShadowReport report) {
    Resources size = state.ward(report.vm()).map(ward -> ward.vm.size()).orElse(report.resident());
    Resources most = size.min(state.unallocated(report.host()));
    adoptShadow(
        new Cloud.ShadowReport(
            report.vm(),
            report.host(),
            report.mode(),
            report.resident().max(most),
            report.complete(),
            report.term(),
            report.restored()));
  }

  /**
   * A shadow of a VM that we know is ours; any other is to be deleted. Either way it is promised
   * what it takes, for as long as it is there.
   */
  void adoptShadow(Cloud.ShadowReport report) {
    if (state.room(report.host()).isEmpty()) {
      // Nothing can be promised on a host that nobody has announced.
      state.command(new Command.DeleteShadow(state.newCommand(), report.vm(), report.host()));
      return;
    }
    Optional<Ward> known = state.ward(report.vm());
    if (known.isEmpty()) {
      stray(remains(report.vm(), report.host(), report.resident()), report);
    } else if (known.get().shadowOn(report.host()).isPresent()) {
      return;
    } else if (known.get().deleted) {
      stray(known.get(), report);
    } else if (!known.get().host.equals(report.host())) {
      adopt(known.get(), report);
    }
  }

  /** Holds what nobody wants until it is deleted. */
  void stray(Ward ward, Cloud.ShadowReport report) {
    stray(ward, report.host(), report.mode(), report.resident());
  }

  private void stray(Ward ward, HostId host, ShadowMode mode, Resources taken) {
    decider.keeper.found(ward, host, mode, taken);
  }

  private void adopt(Ward ward, Cloud.ShadowReport report) {
    Resources size = ward.vm.size();
    Resources resident = report.resident().min(size);
    if (!resident.fitsIn(state.unallocated(report.host()))) {
      stray(ward, report);
      return;
    }
    Shadow shadow = new Shadow(report.host(), report.mode(), resident);
    state.change(
        new FleetChange.ShadowPlaced(ward.id(), report.host(), resident, size.minus(resident)));
    ward.add(shadow);
    if (report.complete()) {
      shadow.full = true;
      shadow.term = report.term();
      shadow.fromStore = report.restored();
      decider.keeper.signal(ward, shadow, ShadowSignal.COMPLETED);
    } else {
      decider.keeper.refill(ward, shadow);
    }
  }

  /** What a command may still bring about gets its room, as if it were there. */
  private void expect(JournalCodec.IntentLine intent) {
    Resources takes = intent.takes().orElse(Resources.NONE);
    if (takes.equals(Resources.NONE) || state.room(intent.host()).isEmpty()) {
      return;
    }
    Optional<Ward> ward = state.ward(intent.vm());
    Optional<Shadow> shadow = ward.flatMap(found -> found.shadowOn(intent.host()));
    if (shadow.isPresent()) {
      decider.keeper.mayTake(ward.get(), shadow.get(), takes);
    } else if (ward.map(found -> found.deleted || !found.host.equals(intent.host())).orElse(true)) {
      stray(
          ward.orElseGet(() -> remains(intent.vm(), intent.host(), takes)),
          intent.host(),
          ShadowMode.COLD,
          takes);
    }
  }

  private Ward remains(VmId vm, HostId host, Resources taken) {
    Ward remains = Ward.remains(vm, host, taken);
    state.wards.put(vm, remains);
    return remains;
  }

  private void restoreClaims() {
    for (Claim claim : claims.values()) {
      // If something of the VM is left, then it has been there, and is gone.
      boolean due = !claim.expires().isAfter(state.now) || state.ward(claim.vm().id()).isPresent();
      if (due || !decider.vms.restore(claim)) {
        state.write(JournalCodec.CLAIM_OVER, claim.vm().id().value(), Map.of());
      }
    }
  }

  private List<Saga> attachSagas() {
    List<Saga> resumed = new ArrayList<>();
    sagas.forEach((key, saga) -> {
      Optional<Ward> ward = state.ward(saga.vm).filter(found -> !found.claimed);
      if (ward.isEmpty()) {
        saga.step = SagaStep.DROPPED;
        state.write(JournalCodec.SAGA, key, JournalCodec.line(saga, new TreeMap<>()));
        return;
      }
      ward.get().saga = Optional.of(saga.id);
      acked
          .getOrDefault(key, Map.of())
          .forEach((host, epoch) -> ward.get().acked.put(HostId.of(host), epoch));
      state.sagas.put(saga.id, saga);
      resumed.add(saga);
    });
    return resumed;
  }

  /**
   * A shadow that was being brought to life may be no shadow any more for the cloud. It stays one
   * for the saga until its activation is answered, so that the answer finds it.
   */
  private void adoptTarget(Saga saga) {
    boolean mayRun = saga.step == SagaStep.ACTIVATE || saga.step == SagaStep.UNDO_ACTIVATE;
    Optional<Ward> ward = state.ward(saga.vm);
    if (!mayRun || saga.target.isEmpty() || ward.isEmpty()) {
      return;
    }
    HostId target = saga.target.get();
    boolean missing =
        ward.get().shadowOn(target).isEmpty()
            && !ward.get().host.equals(target)
            && state.room(target).isPresent();
    if (missing) {
      Resources size = ward.get().vm.size();
      Resources taken = size.min(state.unallocated(target));
      Shadow shadow = new Shadow(target, ward.get().policy().mode(), taken);
      shadow.full = true;
      shadow.term = state.terms(saga.vm).serving();
      state.change(new FleetChange.ShadowPlaced(saga.vm, target, taken, size.minus(taken)));
      ward.get().add(shadow);
      decider.keeper.signal(ward.get(), shadow, ShadowSignal.COMPLETED);
    }
  }

  /** What must be written down again when the journal is rewritten. */
  static List<Journal.Entry> live(LoopState state) {
    Instant now = state.now;
    JournalCodec codec = state.codec;
    List<Journal.Entry> lines = new ArrayList<>();
    lines.add(
        codec.entry(
            now, JournalCodec.START, "loop", new JournalCodec.StartLine(state.incarnation)));
    state.claims.forEach(
        (vm, claim) -> lines.add(codec.entry(now, JournalCodec.CLAIM, vm.value(), claim)));
    state
        .incidents
        .values()
        .forEach(incident ->
            lines.add(
                codec.entry(now, JournalCodec.INCIDENT, incident.id, JournalCodec.line(incident))));
    state.watches.forEach((host, watch) ->
        lines.add(
            codec.entry(now, JournalCodec.WATCH, host.value(), JournalCodec.line(watch, false))));
    state.whereabouts.forEach((vm, host) ->
        lines.add(
            codec.entry(
                now,
                JournalCodec.WHEREABOUTS,
                vm.value(),
                new JournalCodec.WhereLine(Optional.of(host)))));
    state.redirects.forEach((vm, redirect) ->
        lines.add(
            codec.entry(
                now,
                JournalCodec.REDIRECT,
                vm.value(),
                new JournalCodec.RedirectLine(List.copyOf(redirect.maybeAt)))));
    state.terms.forEach(
        (vm, terms) -> lines.add(codec.entry(now, JournalCodec.TERMS, vm.value(), terms)));
    state.wishes.forEach(
        (vm, wishes) -> lines.add(codec.entry(now, JournalCodec.WISHES, vm.value(), wishes)));
    for (FailoverBreaker.Kind kind : FailoverBreaker.Kind.values()) {
      for (FailoverBreaker.Admitted admitted : state.breaker.admitted(kind, now)) {
        lines.add(
            codec.entry(
                now, JournalCodec.ADMISSION, admitted.subject() + "@" + admitted.at(), admitted));
      }
    }
    state.ledger.forEach(
        line -> lines.add(codec.entry(now, JournalCodec.FAILOVER, line.saga().value(), line)));
    state.watchOutcomes.forEach(outcome ->
        lines.add(
            codec.entry(
                now, JournalCodec.WATCH_OUTCOME, outcome.host() + "@" + outcome.until(), outcome)));
    state.sagas.values().forEach(saga -> lines.add(sagaLine(state, saga)));
    state.wards.keySet().stream().sorted().forEach(vm -> addIntents(state, vm, lines));
    return lines;
  }

  private static void addIntents(LoopState state, VmId vm, List<Journal.Entry> lines) {
    for (Shadow shadow : state.ward(vm).map(ward -> ward.shadows).orElse(List.of())) {
      shadow.pending.ifPresent(command ->
          lines.add(
              state.codec.entry(
                  state.now,
                  JournalCodec.INTENT,
                  command.value(),
                  new JournalCodec.IntentLine(
                      shadow.state.name(), vm, shadow.host, Optional.of(shadow.resident)))));
    }
  }

  private static Journal.Entry sagaLine(LoopState state, Saga saga) {
    TreeMap<String, Long> acked = new TreeMap<>();
    state
        .ward(saga.vm)
        .ifPresent(ward -> ward.acked.forEach((host, epoch) -> acked.put(host.value(), epoch)));
    return state.codec.entry(
        state.now, JournalCodec.SAGA, saga.id.value(), JournalCodec.line(saga, acked));
  }
}
