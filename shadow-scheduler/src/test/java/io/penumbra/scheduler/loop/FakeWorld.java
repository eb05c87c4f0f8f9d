package io.penumbra.scheduler.loop;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.TrafficRouter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A small data centre for tests. Two rules are checked whenever an instance starts to serve: no
 * other one of its VM does, and it starts from an epoch that its shadow really has.
 */
final class FakeWorld implements Cloud, Fencer, TrafficRouter {

  static final Duration LEASE = Duration.ofSeconds(10);

  enum Run {
    SERVING,
    PAUSED,
    STOPPED
  }

  static final class FakeHost {
    final Host host;
    HostCondition condition = HostCondition.UP;
    boolean powered = true;

    /** Its guests run, but nobody on the network reaches it. */
    boolean isolated;

    boolean bmcAnswers = true;

    FakeHost(Host host) {
      this.host = host;
    }

    boolean alive() {
      return powered && !isolated;
    }
  }

  static final class FakeShadow {
    ShadowMode mode;
    io.penumbra.domain.Resources resident;
    boolean complete;
    long epoch;
    long term;

    /** Out of the chunk store, and filled by nobody since. */
    boolean restored;

    FakeShadow(ShadowMode mode, io.penumbra.domain.Resources resident) {
      this.mode = mode;
      this.resident = resident;
    }
  }

  static final class FakeVm {
    Vm vm;
    HostId host;
    long epoch = 100;
    long term;
    boolean stored;
    int leaseRound;
    final TreeMap<HostId, Run> instances = new TreeMap<>();
    final TreeMap<HostId, FakeShadow> shadows = new TreeMap<>();
    Optional<HostId> loadBalancer = Optional.empty();
    Optional<HostId> dns = Optional.empty();

    FakeVm(Vm vm, HostId host) {
      this.vm = vm;
      this.host = host;
    }

    long serving() {
      return instances.values().stream().filter(run -> run == Run.SERVING).count();
    }

    long complete() {
      return shadows.values().stream().filter(shadow -> shadow.complete).count();
    }
  }

  private record Later(Instant at, long order, Runnable what) implements Comparable<Later> {
    @Override
    public int compareTo(Later other) {
      int byTime = at.compareTo(other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  Instant now = Instant.parse("2026-11-21T00:00:00Z");
  final TreeMap<HostId, FakeHost> hosts = new TreeMap<>();
  final TreeMap<VmId, FakeVm> vms = new TreeMap<>();
  final List<Command> commands = new ArrayList<>();

  /** Shadows of VMs that are not there any more. */
  final List<ShadowReport> strays = new ArrayList<>();

  final List<Event> log = new ArrayList<>();
  Consumer<Event> inbox = event -> {};
  Runnable afterEachChange = () -> {};

  /** Answers a command in place of this world; empty leaves it to this world. */
  Function<Command, Optional<Outcome>> script = command -> Optional.empty();

  /** Swallows a command: it is never carried out and never answered. */
  Function<Command, Boolean> swallow = command -> false;

  boolean forgetsTraffic;

  /** Whether an event of the cloud gets lost. */
  Function<Event, Boolean> lose = event -> false;

  Duration latency = Duration.ofMillis(50);
  private final PriorityQueue<Later> later = new PriorityQueue<>();
  private final Map<CommandId, Outcome> outcomes = new HashMap<>();
  private long order;

  void after(Duration wait, Runnable what) {
    later.add(new Later(now.plus(wait), order++, what));
  }

  Optional<Instant> next() {
    return Optional.ofNullable(later.peek()).map(Later::at);
  }

  /** Lets time pass up to {@code to}, and happen what happens until then. */
  void advance(Instant to) {
    while (!later.isEmpty() && !later.element().at.isAfter(to)) {
      Later first = later.remove();
      now = first.at.isAfter(now) ? first.at : now;
      first.what.run();
      check();
    }
    now = to.isAfter(now) ? to : now;
  }

  private void check() {
    for (FakeVm vm : vms.values()) {
      if (vm.serving() > 1) {
        throw new AssertionError(
            "two instances of %s serve: %s".formatted(vm.vm.id(), vm.instances));
      }
    }
    afterEachChange.run();
  }

  FakeHost host(HostId id) {
    return Optional.ofNullable(hosts.get(id)).orElseThrow(() -> new AssertionError("no " + id));
  }

  FakeVm vm(VmId id) {
    return Optional.ofNullable(vms.get(id)).orElseThrow(() -> new AssertionError("no " + id));
  }

  // --- what happens in it

  void emit(Event event) {
    if (!lose.apply(event)) {
      log.add(event);
    }
  }

  void boot(Vm vm, HostId host) {
    FakeVm created = new FakeVm(vm, host);
    created.instances.put(host, Run.SERVING);
    vms.put(vm.id(), created);
    emit(new Event.VmCreated(now, vm, host));
  }

  void delete(VmId vm) {
    vms.remove(vm);
    emit(new Event.VmDeleted(now, vm));
  }

  /** The host loses power: everything on it stops. */
  void kill(HostId id) {
    host(id).powered = false;
    vms.values().forEach(vm -> vm.instances.computeIfPresent(id, (h, run) -> Run.STOPPED));
  }

  /** The host is repaired and starts; its guests stay off until somebody starts them. */
  void repair(HostId id) {
    repair(id, HostCondition.UP);
  }

  void repair(HostId id, HostCondition found) {
    FakeHost host = host(id);
    host.powered = true;
    host.isolated = false;
    vms.values().stream()
        .filter(vm -> vm.instances.get(id) == Run.STOPPED && vm.shadows.containsKey(id))
        .forEach(vm -> vm.instances.remove(id));
    condition(id, found);
  }

  void condition(HostId id, HostCondition condition) {
    host(id).condition = condition;
    emit(new Event.HostConditionReported(now, id, condition));
  }

  // --- ports

  @Override
  public Snapshot snapshot() {
    List<ShadowReport> shadows = new ArrayList<>();
    for (FakeVm vm : vms.values()) {
      vm.shadows.forEach((host, shadow) ->
          shadows.add(
              new ShadowReport(
                  vm.vm.id(),
                  host,
                  shadow.mode,
                  shadow.resident,
                  shadow.complete,
                  shadow.term,
                  shadow.restored)));
    }
    shadows.addAll(strays);
    return new Snapshot(
        log.size(),
        hosts.values().stream().map(h -> new HostReport(h.host, h.condition)).toList(),
        vms.values().stream()
            .map(vm ->
                new VmReport(vm.vm, vm.host, vm.instances.get(vm.host) == Run.SERVING, vm.term))
            .toList(),
        shadows);
  }

  @Override
  public Page events(long cursor, int max) {
    int from = (int) cursor;
    int to = Math.min(log.size(), from + max);
    return new Page(List.copyOf(log.subList(from, to)), to);
  }

  @Override
  public void execute(Command.CloudCommand command) {
    take(command, this::emit);
  }

  @Override
  public void execute(Command.FenceCommand command) {
    take(command, event -> inbox.accept(event));
  }

  @Override
  public void execute(Command.TrafficCommand command) {
    take(command, event -> inbox.accept(event));
  }

  @Override
  public boolean forgets(VmId vm) {
    return forgetsTraffic;
  }

  private void take(Command command, Consumer<Event> sink) {
    commands.add(command);
    if (swallow.apply(command)) {
      return;
    }
    Consumer<Outcome> answer =
        outcome -> {
          outcomes.putIfAbsent(command.id(), outcome);
          sink.accept(new Event.CommandReported(now, command.id(), outcome));
        };
    after(
        latency,
        () -> {
          Outcome before = outcomes.get(command.id());
          if (before != null) {
            answer.accept(before);
            return;
          }
          script.apply(command).ifPresentOrElse(answer, () -> carryOut(command, answer));
        });
  }

  private static final Outcome DONE = new Outcome.Done();

  private static Outcome no(String code) {
    return new Outcome.Failed(code, code);
  }

  private void carryOut(Command command, Consumer<Outcome> answer) {
    switch (command) {
      case Command.ProbeHost c ->
          answer.accept(
              new Outcome.HostProbed(
                  host(c.host()).alive() ? Outcome.Liveness.ALIVE : Outcome.Liveness.UNREACHABLE,
                  "looked"));
      case Command.CreateShadow c -> create(c, answer);
      case Command.ChangeShadowMode c ->
          onShadow(c.vm(), c.host(), answer, shadow -> shadow.mode = c.mode());
      case Command.ResizeShadow c ->
          onShadow(c.vm(), c.host(), answer, shadow -> shadow.resident = c.resident());
      case Command.DeleteShadow c -> {
        if (host(c.host()).alive()) {
          Optional.ofNullable(vms.get(c.vm())).ifPresent(vm -> vm.shadows.remove(c.host()));
          strays.removeIf(stray -> stray.vm().equals(c.vm()) && stray.host().equals(c.host()));
          answer.accept(DONE);
        } else {
          answer.accept(new Outcome.Unknown("agent silent"));
        }
      }
      case Command.SetEpochInterval c -> answer.accept(DONE);
      case Command.AllocateShadow c ->
          onShadow(c.vm(), c.host(), answer, shadow -> shadow.resident = c.size());
      case Command.SyncLast c -> sync(c, answer);
      case Command.ResumePrimary c -> resume(c, answer);
      case Command.Activate c -> activate(c, answer);
      case Command.VerifyService c ->
          answer.accept(runs(c.vm(), c.host()) && host(c.host()).alive() ? DONE : no("no-answer"));
      case Command.RetirePrimary c -> {
        if (host(c.host()).alive()) {
          Optional.ofNullable(vms.get(c.vm())).ifPresent(vm -> vm.instances.remove(c.host()));
          answer.accept(DONE);
        } else {
          answer.accept(new Outcome.Unknown("agent silent"));
        }
      }
      case Command.SetQuarantine c -> {
        FakeHost host = host(c.host());
        if (c.quarantined() && host.condition == HostCondition.UP) {
          condition(c.host(), HostCondition.QUARANTINED);
        } else if (!c.quarantined() && host.condition == HostCondition.QUARANTINED) {
          condition(c.host(), HostCondition.UP);
        }
        answer.accept(DONE);
      }
      case Command.FenceHost c -> fenceHost(c, answer);
      case Command.ExpireLease c -> expire(c, answer);
      case Command.FenceVm c -> fenceVm(c, answer);
      case Command.PointLoadBalancer c -> {
        Optional.ofNullable(vms.get(c.vm()))
            .ifPresent(vm -> vm.loadBalancer = Optional.of(c.host()));
        answer.accept(DONE);
      }
      case Command.PointDns c -> {
        Optional.ofNullable(vms.get(c.vm())).ifPresent(vm -> vm.dns = Optional.of(c.host()));
        answer.accept(DONE);
      }
      case Command.SetDnsTtl c -> answer.accept(DONE);
    }
    check();
  }

  private boolean runs(VmId vm, HostId host) {
    FakeVm found = vms.get(vm);
    return found != null && found.instances.get(host) == Run.SERVING;
  }

  private void onShadow(
      VmId vm, HostId host, Consumer<Outcome> answer, Consumer<FakeShadow> change) {
    FakeShadow shadow = vms.containsKey(vm) ? vm(vm).shadows.get(host) : null;
    if (!host(host).alive()) {
      answer.accept(new Outcome.Unknown("agent silent"));
    } else if (shadow == null) {
      answer.accept(no("no-shadow"));
    } else {
      change.accept(shadow);
      answer.accept(DONE);
    }
  }

  private void create(Command.CreateShadow command, Consumer<Outcome> answer) {
    FakeVm vm = vms.get(command.vm());
    if (vm == null || !host(command.host()).alive()) {
      answer.accept(no("no-vm-or-host"));
      return;
    }
    boolean fromStore = vm.stored && command.mode() == ShadowMode.COLD;
    boolean source = runs(command.vm(), command.primary()) && host(command.primary()).alive();
    if (!source && !fromStore) {
      answer.accept(no("no-source"));
      return;
    }
    if (command.refill() && !vm.shadows.containsKey(command.host())) {
      answer.accept(no("no-shadow"));
      return;
    }
    FakeShadow shadow =
        vm.shadows.computeIfAbsent(
            command.host(), h -> new FakeShadow(command.mode(), command.resident()));
    shadow.mode = command.mode();
    after(
        Duration.ofSeconds(2),
        () -> {
          if (vm.shadows.get(command.host()) == shadow && host(command.host()).alive()) {
            shadow.complete = true;
            shadow.restored = !source;
            shadow.epoch = vm.epoch;
            shadow.term = vm.term;
            vm.stored = true;
            answer.accept(DONE);
          } else {
            answer.accept(no("gone"));
          }
        });
  }

  private void sync(Command.SyncLast command, Consumer<Outcome> answer) {
    FakeVm vm = vms.get(command.vm());
    FakeShadow shadow = vm == null ? null : vm.shadows.get(command.host());
    if (vm == null || shadow == null || !shadow.complete || !host(command.host()).alive()) {
      answer.accept(no("no-shadow"));
      return;
    }
    if (command.primary().isEmpty()) {
      answer.accept(
          new Outcome.Synced(shadow.term, shadow.epoch, true, Duration.ofMillis(700), 4096));
      return;
    }
    HostId source = command.primary().get();
    if (!host(source).alive() || !vm.instances.containsKey(source)) {
      answer.accept(no("no-link"));
      return;
    }
    vm.instances.computeIfPresent(source, (h, run) -> run == Run.SERVING ? Run.PAUSED : run);
    shadow.epoch = ++vm.epoch;
    shadow.term = vm.term;
    answer.accept(new Outcome.Synced(shadow.term, shadow.epoch, true, Duration.ZERO, 0));
  }

  private void resume(Command.ResumePrimary command, Consumer<Outcome> answer) {
    FakeVm vm = vms.get(command.vm());
    if (vm == null || !host(command.host()).alive() || !vm.instances.containsKey(command.host())) {
      answer.accept(no("no-instance"));
      return;
    }
    vm.leaseRound++;
    vm.instances.put(command.host(), Run.SERVING);
    vm.term = command.term();
    answer.accept(DONE);
  }

  private void activate(Command.Activate command, Consumer<Outcome> answer) {
    if (!host(command.host()).alive()) {
      answer.accept(new Outcome.Unknown("its agent is silent"));
      return;
    }
    FakeVm vm = vms.get(command.vm());
    if (vm != null && runs(command.vm(), command.host())) {
      answer.accept(DONE);
      return;
    }
    FakeShadow shadow = vm == null ? null : vm.shadows.get(command.host());
    if (vm == null || shadow == null) {
      answer.accept(no("no-shadow"));
    } else if (!shadow.complete || shadow.epoch != command.epoch()) {
      answer.accept(no("other-epoch"));
    } else {
      vm.shadows.remove(command.host());
      vm.instances.put(command.host(), Run.SERVING);
      vm.host = command.host();
      if (command.term() <= vm.term) {
        throw new AssertionError(
            "%s is given term %d after %d".formatted(command.vm(), command.term(), vm.term));
      }
      vm.term = command.term();
      answer.accept(DONE);
    }
  }

  private void fenceHost(Command.FenceHost command, Consumer<Outcome> answer) {
    if (!host(command.host()).bmcAnswers) {
      after(Duration.ofSeconds(5), () -> answer.accept(unknown()));
      return;
    }
    kill(command.host());
    answer.accept(fenced("power reads off"));
  }

  private void fenceVm(Command.FenceVm command, Consumer<Outcome> answer) {
    if (!host(command.host()).alive()) {
      after(Duration.ofSeconds(5), () -> answer.accept(unknown()));
      return;
    }
    Optional.ofNullable(vms.get(command.vm()))
        .ifPresent(vm -> vm.instances.computeIfPresent(command.host(), (h, r) -> Run.STOPPED));
    answer.accept(fenced("stopped by its agent"));
  }

  private void expire(Command.ExpireLease command, Consumer<Outcome> answer) {
    FakeVm vm = vms.get(command.vm());
    if (vm == null
        || !host(command.shadow()).alive()
        || !vm.shadows.containsKey(command.shadow())) {
      after(Duration.ofSeconds(5), () -> answer.accept(unknown()));
      return;
    }
    int round = ++vm.leaseRound;
    after(
        LEASE,
        () -> {
          if (vm.leaseRound != round) {
            answer.accept(unknown());
            return;
          }
          vm.instances.computeIfPresent(
              command.primary(), (h, run) -> run == Run.SERVING ? Run.PAUSED : run);
          answer.accept(fenced("lease ran out"));
        });
  }

  static Outcome fenced(String proof) {
    return new Outcome.FencingAnswered(new FencingResult.Fenced(proof));
  }

  static Outcome unknown() {
    return new Outcome.FencingAnswered(new FencingResult.Unknown("nobody can say"));
  }
}
