package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.Heartbeat;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.Role;
import io.penumbra.adapter.qemu.api.HeartbeatReply;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.web.JsonServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/** One agent, put together and running. To close it is to end the agent and leave guests alone. */
public final class NodeAgent implements AutoCloseable {

  private static final long TICK_MILLIS = 5;
  private static final int LOOKS_AT_HOST = 200;

  private final Surroundings around;
  private final VmShelf shelf;
  private final CommandBook commands;
  private final AgentWork work;
  private final HeartbeatSender heartbeats;
  private final Optional<KeptWatchdog> watchdog;
  private final HostHealth health;
  private final PressureRelief relief;
  private final Thread ticker;
  private final long boot;
  private volatile boolean closed;
  private volatile int lateTicks;

  private NodeAgent(
      Surroundings around,
      VmShelf shelf,
      CommandBook commands,
      HeartbeatSender heartbeats,
      long boot,
      Optional<KeptWatchdog> watchdog) {
    this.around = around;
    this.shelf = shelf;
    this.commands = commands;
    this.heartbeats = heartbeats;
    this.watchdog = watchdog;
    this.work = new AgentWork(around, shelf);
    this.health = around.health();
    this.relief = new PressureRelief(around.settings().weightUnderPressure());
    this.boot = boot;
    this.ticker = Thread.ofPlatform().name("lease ticker").unstarted(this::tick);
  }

  /**
   * Takes up what an agent before has left, and works from now on. The API is not served by it: see
   * {@link AgentRoutes}.
   *
   * @throws IOException if the directory can't be used
   */
  public static NodeAgent start(AgentSettings settings, Hypervisor hypervisor, ServiceGate gate)
      throws IOException {
    return start(settings, hypervisor, gate, new BootClock(), InstantSource.system(), true);
  }

  static NodeAgent start(
      AgentSettings settings,
      Hypervisor hypervisor,
      ServiceGate gate,
      LongSupplier clock,
      InstantSource wall,
      boolean watchdog)
      throws IOException {
    Path directory = settings.directory();
    Files.createDirectories(directory.resolve("scratch"));
    Path page = directory.resolve("leases.page");
    LeasePage leases = LeasePage.ofAgent(page);
    Optional<KeptWatchdog> kept =
        watchdog
            ? Optional.of(KeptWatchdog.beside(page, directory.resolve("watchdog.pid")))
            : Optional.empty();
    HeartbeatSender heartbeats = new HeartbeatSender(settings, clock);
    Surroundings around =
        Surroundings.of(
            settings, hypervisor, gate, clock, wall, leases, new EventOutbox(heartbeats::now));
    NodeAgent agent =
        new NodeAgent(
            around,
            VmShelf.open(directory.resolve("vms")),
            CommandBook.open(directory.resolve("commands.jsonl")),
            heartbeats,
            BootNumber.next(directory.resolve("boot"), wall),
            kept);
    agent.takeUp();
    agent.ticker.start();
    heartbeats.start(agent::heartbeat, agent::hear);
    return agent;
  }

  /** Where {@link JsonServer} should listen is up to whoever mounts these. */
  public AgentRoutes routes() {
    return new AgentRoutes(
        around, shelf, commands, work, health, relief, this::localHealth, this::figures);
  }

  private void takeUp() {
    shelf.unreadable().forEach(this::giveUp);
    for (HostedVm vm : shelf.all()) {
      vm.lock().lock();
      try {
        if (vm.record().role() == Role.PRIMARY) {
          takeUpPrimary(vm);
        } else {
          takeUpShadow(vm);
        }
      } finally {
        vm.lock().unlock();
      }
    }
  }

  /** What it was is not known: the controller takes of this what goes with its books. */
  private void giveUp(VmId vm, String why) {
    String text = "what its agent had written of it can't be read: " + why;
    try {
      // What runs would be leased and fenced by nobody.
      around.hypervisor().end(vm);
    } catch (HypervisorException e) {
      text += "; and it can't be ended: " + e.text();
    }
    Instant now = around.wall().instant();
    around.outbox().add(new Event.GuestFailed(now, vm, text));
    around.outbox().add(new Event.ShadowLost(now, vm, host(), text));
  }

  private void takeUpPrimary(HostedVm vm) {
    PrimarySide side = new PrimarySide(around, vm, vm.record().epochMark());
    vm.becomes(side);
    if (vm.record().stopped()) {
      // Whoever wrote that down may have died before it was so.
      endLeft(vm);
      return;
    }
    if (vm.record().seat().isPresent()) {
      takeUpHalfPromoted(vm, side);
      return;
    }
    try {
      Optional<Hypervisor.Guest> guest = around.hypervisor().adopt(vm.record().spec());
      if (guest.isPresent()) {
        side.adopt(guest.get());
      } else if (side.hasMovedOn()) {
        side.leave();
      } else {
        died(vm, "its process was gone when the agent came back");
      }
    } catch (HypervisorException e) {
      died(vm, "it can't be adopted: " + e.text());
    }
  }

  /** The agent died while it brought a shadow to life: either it runs, or it is still a shadow. */
  private void takeUpHalfPromoted(HostedVm vm, PrimarySide side) {
    InstanceRecord half = vm.record();
    try {
      Optional<Hypervisor.Guest> guest = around.hypervisor().adopt(half.spec());
      if (guest.isPresent()) {
        vm.save(
            InstanceRecord.primary(half.spec(), half.term(), half.epochMark())
                .withUnled(half.unled()));
        side.adopt(guest.get());
        return;
      }
    } catch (HypervisorException e) {
      // Whatever of it is there ends below.
    }
    side.letGo();
    try {
      // Nobody knows how far it got: what runs unseen would be fenced and leased by nobody.
      around.hypervisor().end(vm.id());
    } catch (HypervisorException e) {
      vm.change(now -> now.withStopped(true));
      lost(vm, "it was half promoted and can't be ended: " + e.text());
      return;
    }
    vm.save(
        InstanceRecord.shadow(
            half.spec(), ShadowMode.WARM, half.held(), half.seat().orElseThrow()));
    takeUpShadow(vm);
  }

  private void endLeft(HostedVm vm) {
    try {
      around.hypervisor().end(vm.id());
    } catch (HypervisorException e) {
      // A fence tries again, and says that it could not.
    }
  }

  /** It is given up here, so it must not run on unseen. */
  private void died(HostedVm vm, String symptom) {
    endLeft(vm);
    vm.change(now -> now.withStopped(true));
    around.outbox().add(new Event.GuestFailed(around.wall().instant(), vm.id(), symptom));
  }

  private void takeUpShadow(HostedVm vm) {
    try {
      InstanceRecord record = vm.record();
      Hypervisor.Shadow shadow =
          around.hypervisor().prepare(record.spec(), record.mode(), record.held());
      ShadowSide side = new ShadowSide(around, vm, shadow);
      vm.becomes(side);
      side.receive();
    } catch (HypervisorException e) {
      shelf.forget(vm);
      lost(vm, "it can't be taken up: " + e.text());
    }
  }

  private void lost(HostedVm vm, String why) {
    around
        .outbox()
        .add(
            new Event.ShadowLost(
                around.wall().instant(), vm.id(), around.settings().host().id(), why));
  }

  private void tick() {
    long before = around.clock().getAsLong();
    int ticks = 0;
    while (!closed) {
      if (ticks++ % LOOKS_AT_HOST == 0) {
        // Beside the cuts, which only take what was last seen.
        Thread.ofVirtual().start(this::lookAtHost);
      }
      for (HostedVm vm : shelf.all()) {
        vm.primary().ifPresent(PrimarySide::tick);
      }
      try {
        Thread.sleep(TICK_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
      long now = around.clock().getAsLong();
      boolean late = now - before > (TICK_MILLIS + 100) * 1_000_000L;
      // Falls by one in about a second of punctual ticks.
      lateTicks = late ? Math.min(1_600, lateTicks + 200) : Math.max(0, lateTicks - 1);
      before = now;
    }
  }

  private void lookAtHost() {
    for (HostedVm vm : shelf.all()) {
      vm.primary().ifPresent(PrimarySide::look);
      if (vm.primary().filter(PrimarySide::hasLeft).isPresent()) {
        work.leave(vm.id());
      }
    }
    if (!closed) {
      watchdog.ifPresent(kept -> kept.look(around.hypervisor()::letOut));
    }
    HostHealth.Sample seen = health.sample();
    relief.look(
        Optional.ofNullable(seen.pressure().get("cpu.some")),
        shelf.all().stream()
            .flatMap(vm -> vm.primary().flatMap(PrimarySide::guest).stream())
            .toList());
  }

  private SortedMap<String, Double> figures() {
    SortedMap<String, Double> figures = new TreeMap<>(around.hypervisor().figures());
    watchdog.ifPresent(kept -> figures.putAll(kept.figures()));
    return figures;
  }

  /** 0 is well; up to 8 when the agent's own ticks come late. */
  private int localHealth() {
    return (lateTicks + 199) / 200;
  }

  Optional<HostedVm> find(VmId vm) {
    return shelf.find(vm);
  }

  List<InstanceReport> instances() {
    List<InstanceReport> reports = new ArrayList<>();
    for (HostedVm vm : shelf.all()) {
      vm.report().ifPresent(reports::add);
    }
    return reports;
  }

  private Heartbeat heartbeat(long sequence, boolean describe) {
    AgentSettings settings = around.settings();
    return new Heartbeat(
        settings.host().id(),
        settings.address(),
        boot,
        sequence,
        localHealth(),
        describe ? Optional.of(settings.host()) : Optional.empty(),
        instances(),
        around.outbox().unacknowledged());
  }

  private void hear(HeartbeatReply reply, long askedNanos) {
    around.outbox().acknowledged(reply.eventsTaken());
    for (HeartbeatReply.LeaseWord word : reply.leases()) {
      shelf
          .find(word.vm())
          .flatMap(HostedVm::primary)
          .ifPresent(primary -> primary.hear(word, askedNanos));
    }
  }

  /** The host it stands on. */
  public HostId host() {
    return around.settings().host().id();
  }

  /** Ends the agent; guests run on, under the leases that they have. */
  @Override
  public void close() throws IOException {
    closed = true;
    heartbeats.close();
    ticker.interrupt();
    for (HostedVm vm : shelf.all()) {
      vm.primary().ifPresent(PrimarySide::letGo);
      vm.shadow().ifPresent(ShadowSide::letGo);
    }
    commands.close();
    around.clients().values().forEach(client -> client.close());
  }
}
