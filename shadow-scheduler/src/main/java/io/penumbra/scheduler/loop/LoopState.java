package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.fleet.FleetChange;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.HostView;
import io.penumbra.placement.log.DecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.failover.FailoverBreaker;
import io.penumbra.scheduler.failover.FailoverRecord;
import io.penumbra.scheduler.failover.RescueOrder;
import io.penumbra.scheduler.failover.WatchOutcome;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.port.Alerts.Alert;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Everything the loop knows, and what the present step wants of the world. The deciders read and
 * change it; none of them looks at a clock, speaks to a port or writes a journal.
 */
final class LoopState {
  final SchedulerSettings settings;
  final Placer placer;
  final Fleet fleet;
  final DecisionLog decisions;
  final TransitionObserver observer;
  final JournalCodec codec = new JournalCodec();
  final Effects effects = new Effects();
  final Timers timers = new Timers();
  final FailoverBreaker breaker;

  // Hash maps are only looked up in. Whatever is iterated is sorted or keeps the order of arrival.
  final Map<VmId, Ward> wards = new HashMap<>();
  final Map<HostId, HostRecord> hosts = new HashMap<>();
  final Map<CommandId, Owner> pending = new HashMap<>();
  final Map<SagaId, Saga> sagas = new LinkedHashMap<>();
  final Map<String, Incident> incidents = new LinkedHashMap<>();
  final Map<VmId, Claim> claims = new LinkedHashMap<>();

  /** VMs that something has happened to, to be looked at before the step ends. */
  final LinkedHashSet<VmId> touched = new LinkedHashSet<>();

  /** Sagas that wait for their turn. */
  final TreeSet<RescueOrder> queue = new TreeSet<>();

  /** Where a queued saga stands in the queue. */
  final Map<SagaId, RescueOrder> queued = new HashMap<>();

  /** Hosts that are confirmed dead and wait for the breaker. */
  final TreeSet<HostId> held = new TreeSet<>();

  /** VMs that lack a shadow because there was no room. */
  final TreeSet<VmId> shorts = new TreeSet<>();

  final ArrayDeque<FailoverRecord> ledger = new ArrayDeque<>();
  final ArrayDeque<WatchOutcome> watchOutcomes = new ArrayDeque<>();
  final TreeMap<HostId, HostWatch> watches = new TreeMap<>();

  /**
   * Where VMs are by our own doing while the cloud's books have not said so yet. Where a VM is
   * decides what is fenced, so a book that lags must not be believed after a restart.
   */
  final TreeMap<VmId, HostId> whereabouts = new TreeMap<>();

  /** Whose clients may be sent where their VM is not. */
  final TreeMap<VmId, Redirect> redirects = new TreeMap<>();

  /** Under which term each VM runs, where that is not the first. */
  final TreeMap<VmId, Terms> terms = new TreeMap<>();

  /** Hosts that cannot keep what they promise, and how often in vain a way out was looked for. */
  final TreeMap<HostId, Integer> overPromised = new TreeMap<>();

  /** What VMs were placed with, where that is anything. */
  final TreeMap<VmId, Wishes> wishes = new TreeMap<>();

  /** The present step's time; the same for everything in it. */
  Instant now;

  long incarnation = 1;
  int slotsTaken;
  long grownMib;
  long fleetMemoryMib;
  boolean admitAgain;
  Instant breakerWake = Instant.MIN;
  boolean breakerTold;
  private long sequence;

  long steps;
  long events;
  long commands;
  long placements;
  long refusals;
  long staleClaims;
  long ignoredReports;
  long alerts;
  long failovers;
  long calledOff;

  LoopState(
      Placer placer,
      DecisionLog decisions,
      SchedulerSettings settings,
      TransitionObserver observer,
      Instant now) {
    this.placer = placer;
    this.fleet = placer.fleet();
    this.decisions = decisions;
    this.settings = settings;
    this.observer = observer;
    this.breaker = new FailoverBreaker(settings.breaker());
    this.now = now;
  }

  Optional<Ward> ward(VmId vm) {
    return Optional.ofNullable(wards.get(vm));
  }

  Optional<HostRecord> host(HostId host) {
    return Optional.ofNullable(hosts.get(host));
  }

  Optional<HostView> room(HostId host) {
    return fleet.host(host);
  }

  /** What nobody is promised outright on a host; none when it is overrun or not known. */
  Resources unallocated(HostId host) {
    return room(host)
        .map(view -> view.effectiveCapacity().minus(view.allocated().min(view.effectiveCapacity())))
        .orElse(Resources.NONE);
  }

  Optional<Saga> sagaOf(Ward ward) {
    return ward.saga.map(sagas::get);
  }

  void change(FleetChange change) {
    decisions.fleetChanged(fleet.apply(change), change);
    switch (change) {
      case FleetChange.PrimaryPlaced c -> {
        if (!c.claim()) {
          reserveMoved(c.vm(), c.host());
        }
      }
      case FleetChange.ShadowPromoted c -> reserveMoved(c.vm(), c.host());
      case FleetChange.ShadowPlaced c -> mindReserve(c.host());
      case FleetChange.ShadowResized c -> mindReserve(c.host());
      case FleetChange.PrimaryReleased c ->
          fleet.shadowsOf(c.vm()).forEach(hold -> mindReserve(hold.host()));
      default -> {} // asks nothing more of any host
    }
  }

  private void reserveMoved(VmId vm, HostId host) {
    mindReserve(host);
    fleet.shadowsOf(vm).forEach(hold -> mindReserve(hold.host()));
  }

  /** Looked at a little later: within a failover much is promised for a moment only. */
  private void mindReserve(HostId host) {
    boolean lacks =
        room(host).map(view -> !view.reserveShortfall().equals(Resources.NONE)).orElse(false);
    if (lacks && overPromised.putIfAbsent(host, 0) == null) {
      timers.at(now.plus(settings.shadows().retry()), new Wake.ReserveCheck(host));
    }
  }

  void touch(VmId vm) {
    touched.add(vm);
  }

  /** Looks again at every VM that has its primary or a shadow on a host. */
  void touchAllOn(HostId host) {
    fleet.primariesOn(host).forEach(this::touch);
    fleet.shadowsOn(host).forEach(this::touch);
  }

  CommandId newCommand() {
    return CommandId.of("c%d-%d".formatted(incarnation, ++sequence));
  }

  RequestId newRequest() {
    return RequestId.of("shadow-%d-%d".formatted(incarnation, ++sequence));
  }

  SagaId newSaga() {
    return SagaId.of("s%d-%d".formatted(incarnation, ++sequence));
  }

  String newIncident() {
    return "h%d-%d".formatted(incarnation, ++sequence);
  }

  void command(Command command, Owner owner) {
    pending.put(command.id(), owner);
    effects.command(command);
  }

  /** A command whose outcome nothing depends on. */
  void command(Command command) {
    effects.command(command);
  }

  void write(String kind, String key, Object body) {
    effects.write(codec.entry(now, kind, key, body));
  }

  /** Notes what a command outside of a saga is meant to do. */
  void intend(Command command) {
    effects.write(
        new io.penumbra.scheduler.port.Journal.Entry(
            now, JournalCodec.INTENT, command.id().value(), intent(command)));
  }

  /** Written by hand: there is one for every VM, and JSON writers are slow for so little. */
  private static String intent(Command command) {
    return switch (command) {
      case Command.CreateShadow c -> intent("create-shadow", c.vm(), c.host(), c.resident());
      case Command.DeleteShadow c -> intent("delete-shadow", c.vm(), c.host(), Resources.NONE);
      case Command.ChangeShadowMode c ->
          intent("change-shadow-mode", c.vm(), c.host(), Resources.NONE);
      case Command.ResizeShadow c -> intent("resize-shadow", c.vm(), c.host(), c.resident());
      default -> "{\"command\":\"" + command.getClass().getSimpleName() + "\"}";
    };
  }

  private static String intent(String what, VmId vm, HostId host, Resources takes) {
    return "{\"command\":\""
        + what
        + "\",\"vm\":\""
        + plain(vm.value())
        + "\",\"host\":\""
        + plain(host.value())
        + "\",\"takes\":{\"vcpus\":"
        + takes.vcpus()
        + ",\"memoryMib\":"
        + takes.memoryMib()
        + ",\"diskGib\":"
        + takes.diskGib()
        + "}}";
  }

  private static String plain(String id) {
    return id.replace("\\", "\\\\").replace("\"", "\\\"");
  }

  void alert(String code, String subject, String message, String advice) {
    alerts++;
    effects.alert(new Alert(now, code, subject, message, advice));
  }

  /** Writes down where a VM is, until the cloud says the same. */
  void locate(VmId vm, HostId host) {
    whereabouts.put(vm, host);
    write(JournalCodec.WHEREABOUTS, vm.value(), new JournalCodec.WhereLine(Optional.of(host)));
  }

  /** The cloud says what we know, or there is nothing to know any more. */
  void located(VmId vm) {
    if (whereabouts.remove(vm) != null) {
      write(JournalCodec.WHEREABOUTS, vm.value(), new JournalCodec.WhereLine(Optional.empty()));
    }
  }

  Terms terms(VmId vm) {
    return terms.getOrDefault(vm, Terms.FIRST);
  }

  /** A term that nobody has had; written down before anybody gets it. */
  long newTerm(VmId vm) {
    Terms next = terms(vm).issue();
    write(vm, next);
    return next.issued();
  }

  /** The VM's primary runs under this term. */
  void servesUnder(VmId vm, long term) {
    if (terms(vm).serving() != term) {
      write(vm, terms(vm).serve(term));
    }
  }

  void forgetTerms(VmId vm) {
    if (terms.containsKey(vm)) {
      write(vm, Terms.FIRST);
    }
  }

  private void write(VmId vm, Terms changed) {
    if (changed.equals(Terms.FIRST)) {
      terms.remove(vm);
    } else {
      terms.put(vm, changed);
    }
    write(JournalCodec.TERMS, vm.value(), changed);
  }

  Wishes wishes(VmId vm) {
    return wishes.getOrDefault(vm, Wishes.NONE);
  }

  /** Remembers what a VM is placed with; {@link Wishes#NONE} forgets it. */
  void wish(VmId vm, Wishes wanted) {
    if (wishes(vm).equals(wanted)) {
      return;
    }
    if (wanted.equals(Wishes.NONE)) {
      wishes.remove(vm);
    } else {
      wishes.put(vm, wanted);
    }
    write(JournalCodec.WISHES, vm.value(), wanted);
  }

  void record(FailoverRecord line) {
    ledger.addLast(line);
    if (ledger.size() > settings.loop().ledgerMax()) {
      ledger.removeFirst();
    }
    write(JournalCodec.FAILOVER, line.saga().value(), line);
  }

  void record(WatchOutcome outcome) {
    watchOutcomes.addLast(outcome);
    if (watchOutcomes.size() > settings.loop().ledgerMax()) {
      watchOutcomes.removeFirst();
    }
    write(JournalCodec.WATCH_OUTCOME, outcome.host().value() + "@" + outcome.until(), outcome);
  }

  /** The wait before attempt number {@code attempt + 1}: doubles, up to a bound. */
  static Duration backoff(Duration first, Duration most, int attempt) {
    int doublings = Math.min(20, Math.max(0, attempt - 1));
    Duration wait = first.multipliedBy(1L << doublings);
    return wait.compareTo(most) > 0 ? most : wait;
  }
}
