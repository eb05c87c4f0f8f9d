package io.penumbra.scheduler.loop;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.Location;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.Placer;
import io.penumbra.placement.fleet.Fleet;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.journal.InMemoryJournal;
import io.penumbra.scheduler.port.Alerts.Alert;
import io.penumbra.scheduler.port.Journal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** A control loop in a small world, and words to tell what happens to them. */
final class Story {

  static final Resources SIZE = new Resources(2, 4096, 20);

  final FakeWorld world = new FakeWorld();
  final List<Alert> alerts = new ArrayList<>();
  final Journal journal;
  SchedulerSettings settings;
  Inbox inbox = new Inbox(10_000);
  private Optional<ControlLoop> loop = Optional.empty();
  private Optional<Placer> placer = Optional.empty();

  Story(int hosts) {
    this(hosts, SchedulerSettings.defaults(), new InMemoryJournal());
  }

  Story(int hosts, SchedulerSettings settings, Journal journal) {
    this.settings = settings;
    this.journal = journal;
    for (int i = 0; i < hosts; i++) {
      addHost(i);
    }
  }

  void addHost(int i) {
    Host host = newHost(i);
    world.hosts.put(host.id(), new FakeWorld.FakeHost(host));
  }

  static Host newHost(int i) {
    return new Host(
        h(i),
        new Location("z1", "feed" + i % 4, "rack" + i, "chassis" + i),
        new HardwareProfile("acme", "gen" + i % 2, "fw1", "kvm1", List.of()),
        new Resources(32, 65_536, 1_000),
        Instant.parse("2025-01-01T00:00:00Z"));
  }

  static HostId h(int i) {
    return HostId.of("h%02d".formatted(i));
  }

  static VmId v(int i) {
    return VmId.of("vm%02d".formatted(i));
  }

  static ProtectionPolicy policy(ShadowMode mode, int shadows, int priority) {
    return new ProtectionPolicy(
        mode,
        shadows,
        Duration.ofSeconds(1),
        Duration.ofMinutes(1),
        Diversity.HOST_ONLY,
        CommitMode.ASYNC,
        new RiskThresholds(0.05, 0.2),
        priority);
  }

  static EffectivePolicy effective(ProtectionPolicy policy) {
    return new EffectivePolicy(policy, "test");
  }

  static Vm vm(int i, ProtectionPolicy policy) {
    return new Vm(
        v(i),
        ProjectId.of("p1"),
        FlavorId.of("m1"),
        SIZE,
        new TreeMap<>(),
        List.of(),
        effective(policy));
  }

  ControlLoop loop() {
    return loop.orElseThrow(() -> new AssertionError("the loop was not started"));
  }

  Placer placer() {
    return placer.orElseThrow(() -> new AssertionError("the loop was not started"));
  }

  /** Starts a loop on the journal, in place of an earlier one if there was one. */
  Story start() {
    inbox = new Inbox(10_000);
    world.inbox = event -> inbox.offer(event);
    Placer fresh = new Placer(new Fleet(FleetSettings.defaults()), PlacementSettings.defaults());
    placer = Optional.of(fresh);
    LoopPorts ports =
        new LoopPorts(
            world,
            world,
            world,
            journal,
            alerts::add,
            new MemoryDecisionLog(1_000),
            inbox,
            () -> world.now);
    loop = Optional.of(ControlLoop.start(ports, fresh, settings, Visits.SEEN));
    return this;
  }

  /** A VM with a warm shadow. */
  Story with(int vm) {
    return with(vm(vm, policy(ShadowMode.WARM, 1, 0)));
  }

  /** A VM is placed by the loop, and appears where it was placed. */
  Story with(Vm vm) {
    PlacementDecision decision =
        loop()
            .place(
                PlacementRequest.create(
                    RequestId.of("r-" + vm.id()), world.now, vm, settings.loop().seed()));
    if (!(decision.answer() instanceof PlacementDecision.Placed placed)) {
      throw new AssertionError("not placed: " + decision);
    }
    world.boot(vm, placed.primary().host());
    run(Duration.ofSeconds(5));
    return this;
  }

  /** What the detector does after a restart: whoever is silent is suspected anew. */
  private void suspectTheSilent() {
    world.hosts.forEach((id, host) -> {
      if (!host.alive()) {
        inbox.offer(new Event.HostSuspected(world.now, id, 9));
      }
    });
  }

  /** A step; a crash in it is followed by a restart from the journal. */
  private int step() {
    try {
      return loop().step();
    } catch (CrashingJournal.Crash crash) {
      restart();
      return 1;
    }
  }

  /** Starts from the journal until that succeeds. */
  void restart() {
    while (true) {
      try {
        start();
        suspectTheSilent();
        return;
      } catch (CrashingJournal.Crash again) {
        // and again
      }
    }
  }

  Story tell(Event event) {
    inbox.offer(event);
    return run(Duration.ZERO);
  }

  Story suspect(HostId host) {
    return tell(new Event.HostSuspected(world.now, host, 9));
  }

  Story trust(HostId host) {
    return tell(new Event.HostTrusted(world.now, host));
  }

  Story risk(HostId host, double probability) {
    return tell(
        new Event.HostRiskReported(
            world.now, host, new RiskScore(probability, Duration.ofDays(1), List.of(), "test")));
  }

  /** Lets time pass, with the loop stepping whenever there is something to do. */
  Story run(Duration time) {
    Instant end = world.now.plus(time);
    int turns = 0;
    while (true) {
      if (++turns > 1_000_000) {
        throw new AssertionError("the loop spins at " + world.now);
      }
      while (step() > 0) {
        // until nothing more follows at this moment
      }
      Instant next = end;
      Optional<Instant> wake = loop().nextWakeup();
      Optional<Instant> happening = world.next();
      next = wake.isPresent() && wake.get().isBefore(next) ? wake.get() : next;
      next = happening.isPresent() && happening.get().isBefore(next) ? happening.get() : next;
      if (!world.now.isBefore(end)
          && next.compareTo(end) >= 0
          && happening.filter(at -> !at.isAfter(end)).isEmpty()) {
        step();
        return this;
      }
      world.advance(next);
    }
  }

  HostId hostOf(int vm) {
    return world.vm(v(vm)).host;
  }

  HostId shadowOf(int vm) {
    return world.vm(v(vm)).shadows.firstKey();
  }

  LoopView view() {
    return loop().view();
  }

  List<String> alertCodes() {
    return alerts.stream().map(Alert::code).distinct().toList();
  }

  <T extends Command> List<T> commands(Class<T> type) {
    return world.commands.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
