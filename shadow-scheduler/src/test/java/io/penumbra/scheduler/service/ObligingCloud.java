package io.penumbra.scheduler.service;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HardwareProfile;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.fleet.Location;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.scheduler.port.TrafficRouter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Does whatever it is told, at once, and remembers it. */
final class ObligingCloud implements Cloud, Fencer, TrafficRouter {

  private final InstantSource clock;
  private final List<HostReport> hosts = new ArrayList<>();
  private final List<VmReport> vms = new ArrayList<>();
  private final List<ShadowReport> shadows = new ArrayList<>();
  private final List<Event> log = new ArrayList<>();
  private final List<Command> commands = new ArrayList<>();
  private EventSink sink = event -> false;
  private Runnable bell = () -> {};
  private int snapshotsToRefuse;

  ObligingCloud(InstantSource clock, int size) {
    this.clock = clock;
    for (int i = 0; i < size; i++) {
      hosts.add(new HostReport(host(i), HostCondition.UP));
    }
  }

  static HostId id(int host) {
    return HostId.of("h" + host);
  }

  private static Host host(int i) {
    return new Host(
        id(i),
        new Location("zone", "feed" + i, "rack" + i, "chassis" + i),
        new HardwareProfile("acme", "gen1", "fw1", "kvm1", List.of()),
        new Resources(16, 32_768, 500),
        Instant.parse("2025-01-01T00:00:00Z"));
  }

  void connect(EventSink events, Runnable ring) {
    sink = events;
    bell = ring;
  }

  synchronized void refuseSnapshots(int times) {
    snapshotsToRefuse = times;
  }

  synchronized void boot(Vm vm, HostId on) {
    vms.add(new VmReport(vm, on, true, 0));
    log.add(new Event.VmCreated(clock.instant(), vm, on));
    bell.run();
  }

  synchronized <C extends Command> Optional<C> seen(Class<C> kind) {
    return commands.stream().filter(kind::isInstance).map(kind::cast).findFirst();
  }

  @Override
  public synchronized Snapshot snapshot() {
    if (snapshotsToRefuse > 0) {
      snapshotsToRefuse--;
      throw new IllegalStateException("503 Service Unavailable");
    }
    return new Snapshot(log.size(), hosts, vms, shadows);
  }

  @Override
  public synchronized Page events(long cursor, int max) {
    int from = (int) cursor;
    int to = Math.min(log.size(), from + max);
    return new Page(log.subList(from, to), to);
  }

  @Override
  public synchronized void execute(Command.CloudCommand command) {
    commands.add(command);
    Outcome outcome =
        switch (command) {
          case Command.ProbeHost probe ->
              new Outcome.HostProbed(Outcome.Liveness.UNREACHABLE, "2 of 2 failed");
          case Command.SyncLast sync -> new Outcome.Synced(0, 1, true, Duration.ofMillis(50), 0);
          default -> new Outcome.Done();
        };
    log.add(new Event.CommandReported(clock.instant(), command.id(), outcome));
    bell.run();
  }

  @Override
  public synchronized void execute(Command.FenceCommand command) {
    commands.add(command);
    answer(command, new Outcome.FencingAnswered(new FencingResult.Fenced("power reads off")));
  }

  @Override
  public synchronized void execute(Command.TrafficCommand command) {
    commands.add(command);
    answer(command, new Outcome.Done());
  }

  private void answer(Command command, Outcome outcome) {
    sink.offer(new Event.CommandReported(clock.instant(), command.id(), outcome));
  }
}
