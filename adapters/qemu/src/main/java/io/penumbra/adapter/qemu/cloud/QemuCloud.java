package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.agent.BootClock;
import io.penumbra.adapter.qemu.api.AgentClient;
import io.penumbra.adapter.qemu.api.AnswerReport;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.Nothing;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.cloud.Books.HostEntry;
import io.penumbra.adapter.qemu.cloud.Books.VmEntry;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.desk.CommandDesk;
import io.penumbra.scheduler.lease.LeaseBook;
import io.penumbra.scheduler.lease.LeaseTerms;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.web.Reply;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;

/**
 * A cloud of hosts with agents. Commands are carried out by the agents concerned, in order for each
 * VM; what comes of them is an event. Who is where, and whose lease runs, is in {@link Books}.
 */
public final class QemuCloud implements Cloud, AutoCloseable {

  private static final Duration FENCE = Duration.ofSeconds(10);

  private final Settings settings;
  private final InstantSource wall;
  private final LongSupplier clock;
  private final Books books;
  private final LeaseBook leases;
  private final LeaseDesk leaseDesk;
  private final EventFeed feed;
  private final AgentDrill drill;
  private final HeartbeatIntake intake;
  private final CloudWork work;
  private final CommandDesk<CloudCommand> desk;
  private final Map<String, AgentClient> clients = new ConcurrentHashMap<>();
  private final Set<VmId> asking = ConcurrentHashMap.newKeySet();

  /**
   * What it is told when it starts.
   *
   * @param books the file in which it keeps what it must remember
   * @param token the secret that agents and controller share
   * @param lease the same as every agent's
   */
  public record Settings(Path books, String token, Optional<SSLContext> tls, LeaseTerms lease) {

    /** The secret stays out of logs. */
    @Override
    public String toString() {
      return "books in %s, leases of %s".formatted(books, lease.lasts());
    }
  }

  /**
   * A cloud that knows what the one before it has written down.
   *
   * @param pulse is told of every heartbeat
   * @param wake is called when there are events to be read
   */
  public QemuCloud(Settings settings, HeartbeatIntake.Pulse pulse, Runnable wake) {
    this.settings = settings;
    this.wall = InstantSource.system();
    this.clock = new BootClock();
    books = Books.open(settings.books());
    leases = books.leases(clock.getAsLong());
    leaseDesk = new LeaseDesk(books, leases, settings.lease(), clock);
    feed = new EventFeed(wake);
    drill = new AgentDrill(this::agent);
    intake = new HeartbeatIntake(books, leaseDesk, feed, pulse, this::inquire, drill::begun, wall);
    work = new CloudWork(this, books, intake, feed, wall);
    desk =
        new CommandDesk<>(
            "agents",
            CommandDesk.Settings.defaults(),
            wall,
            feed,
            CloudWork::laneOf,
            work::carryOut);
  }

  /** Where agents send heartbeats; to be mounted by whoever serves HTTP. */
  public HeartbeatIntake intake() {
    return intake;
  }

  /** Whom the controller may renew; for whoever lets leases run out. */
  public LeaseBook leases() {
    return leases;
  }

  @Override
  public Snapshot snapshot() {
    long cursor = feed.end();
    Books.Page page = books.page();
    List<HostReport> hosts = new ArrayList<>();
    for (HostEntry entry : page.hosts()) {
      hosts.add(
          new HostReport(
              entry.host(), entry.quarantined() ? HostCondition.QUARANTINED : HostCondition.UP));
    }
    List<VmReport> vms = new ArrayList<>();
    for (VmEntry entry : page.vms()) {
      vms.add(new VmReport(entry.vm(), entry.host(), entry.running(), entry.term()));
    }
    List<ShadowReport> shadows = new ArrayList<>();
    for (Books.ShadowEntry entry : page.shadows()) {
      shadows.add(
          new ShadowReport(
              entry.vm(),
              entry.host(),
              entry.mode(),
              entry.resident(),
              entry.complete(),
              entry.term(),
              entry.restored()));
    }
    return new Snapshot(cursor, hosts, vms, shadows);
  }

  @Override
  public Page events(long cursor, int max) {
    return feed.after(cursor, max);
  }

  @Override
  public void execute(CloudCommand command) {
    desk.take(command);
  }

  /** Starts a VM on a host. Its agent reports that it was created. */
  public Reply<Nothing> start(VmSpec spec, HostId host) throws InterruptedException {
    Optional<AgentClient> agent = agent(host);
    return agent.isEmpty()
        ? new Reply.Unreachable<>("no agent of %s has been heard of".formatted(host))
        : agent.get().start(spec);
  }

  /** Ends a VM and removes it, wherever its primary is. Its shadows are deleted by the loop. */
  public Reply<Nothing> delete(VmId vm) throws InterruptedException {
    Optional<AgentClient> agent = books.vm(vm).flatMap(entry -> agent(entry.host()));
    return agent.isEmpty()
        ? new Reply.Unreachable<>("nobody has heard of %s".formatted(vm))
        : agent.get().delete(vm);
  }

  /**
   * Has a VM go back: its shadows to an epoch, then its primary given up, so that the loop fails it
   * over. Refused if a shadow has no such epoch; then nothing has changed.
   *
   * @param epoch as the controller counts; without it the last at which the guest was well
   */
  public Reply<Nothing> rollBack(VmId vm, Optional<Long> epoch, String reason)
      throws InterruptedException {
    Optional<VmEntry> entry = books.vm(vm);
    Optional<AgentClient> primary = entry.flatMap(known -> agent(known.host()));
    List<AgentClient> shadows =
        books.page().shadows().stream()
            .filter(shadow -> shadow.vm().equals(vm) && shadow.complete())
            .flatMap(shadow -> agent(shadow.host()).stream())
            .toList();
    if (primary.isEmpty() || shadows.isEmpty()) {
      return new Reply.Refused<>(
          409, "no-shadow", "%s has no shadow that could take over".formatted(vm));
    }
    Reply<Nothing> reply = new Reply.Ok<>(new Nothing());
    for (AgentClient shadow : shadows) {
      if (reply instanceof Reply.Ok<Nothing>) {
        reply = shadow.rollBack(vm, epoch);
      }
    }
    if (reply instanceof Reply.Ok<Nothing>) {
      reply = primary.get().doubt(vm, reason);
    }
    if (!(reply instanceof Reply.Ok<Nothing>)) {
      for (AgentClient shadow : shadows) {
        shadow.takeUp(vm);
      }
    }
    return reply;
  }

  /**
   * Has a copy of a shadow's epoch answer what the VM is asked meanwhile.
   *
   * @param listen how long requests are collected
   */
  public Reply<AnswerReport> verify(VmId vm, Duration listen) throws InterruptedException {
    Optional<AgentClient> shadow =
        books.page().shadows().stream()
            .filter(known -> known.vm().equals(vm) && known.complete())
            .flatMap(known -> agent(known.host()).stream())
            .findFirst();
    return shadow.isEmpty()
        ? new Reply.Refused<>(409, "no-shadow", "%s has no shadow to make a copy of".formatted(vm))
        : shadow.get().verify(vm, listen);
  }

  /** Gives a VM more or less of its host's CPU; refused where its host has no way to do that. */
  public Reply<Nothing> share(VmId vm, int weight) throws InterruptedException {
    Optional<AgentClient> agent = books.vm(vm).flatMap(entry -> agent(entry.host()));
    return agent.isEmpty()
        ? new Reply.Unreachable<>("nobody has heard of %s".formatted(vm))
        : agent.get().share(vm, weight);
  }

  // --- for fencing

  /**
   * Has one instance stopped by its agent; nobody renews its lease until it is resumed. What was
   * stopped may be started again later, so each stop wants an id of its own.
   */
  public FencingResult stopInstance(Command.FenceVm command) throws InterruptedException {
    Optional<AgentClient> agent = agent(command.host());
    if (agent.isEmpty()) {
      return new FencingResult.Unknown(
          "no agent of %s has been heard of".formatted(command.host()));
    }
    leases.stop(command.vm(), command.host(), clock.getAsLong());
    Reply<Outcome> reply = agent.get().execute(command, FENCE);
    return reply instanceof Reply.Ok<Outcome>(Outcome.FencingAnswered(FencingResult result))
        ? result
        : new FencingResult.Unknown(reply.toString());
  }

  private static CommandId stopId() {
    return CommandId.of("stop." + UUID.randomUUID());
  }

  /** Has every primary of a host stopped by its agent; nobody renews them until told to. */
  public FencingResult stopAll(HostId host) throws InterruptedException {
    for (VmEntry entry : books.page().vms()) {
      if (entry.host().equals(host)
          && !(stopInstance(new Command.FenceVm(stopId(), entry.vm().id(), host))
              instanceof FencingResult.Fenced)) {
        return new FencingResult.Unknown(
            "the agent on %s does not say that %s is stopped".formatted(host, entry.vm().id()));
      }
    }
    return new FencingResult.Fenced("its agent has stopped every instance on " + host);
  }

  /**
   * Tells the agent beside a shadow to renew its primary's lease no more, and asks when it has run
   * out.
   *
   * @param controllerSilent how long ago the controller's own last renewal left, at least
   */
  public LeaseCalls.End endOfLease(
      VmId vm, HostId primary, HostId shadow, Duration controllerSilent)
      throws InterruptedException {
    Optional<VmEntry> entry =
        books
            .vm(vm)
            .filter(known -> known.host().equals(primary))
            .filter(known -> known.keeper().equals(Optional.of(shadow)));
    Optional<AgentClient> agent = agent(shadow);
    if (entry.isEmpty() || agent.isEmpty()) {
      return uncertain(
          false, "%s does not keep the lease of %s on %s".formatted(shadow, vm, primary));
    }
    LeaseCalls.Stop call =
        new LeaseCalls.Stop(
            primary,
            entry.get().lease(),
            leaseDesk.isInForce(vm, entry.get().lease()),
            controllerSilent);
    Reply<LeaseCalls.End> reply = agent.get().stopRenewing(vm, call);
    return reply instanceof Reply.Ok<LeaseCalls.End>(LeaseCalls.End end)
        ? end
        : uncertain(!(reply instanceof Reply.Refused<LeaseCalls.End>), reply.toString());
  }

  private static LeaseCalls.End uncertain(boolean silent, String why) {
    return new LeaseCalls.End(false, false, Duration.ZERO, silent, why);
  }

  // --- agents

  /** The agent of a host, when it has ever been heard of. */
  Optional<AgentClient> agent(HostId host) {
    return books
        .host(host)
        .map(entry ->
            clients.computeIfAbsent(
                entry.address(), at -> new AgentClient(at, settings.token(), settings.tls())));
  }

  /** A VM of which nothing is known: asks its agent what it is, once at a time. */
  private void inquire(VmId vm, HostId host, long term) {
    if (agent(host).isPresent() && asking.add(vm)) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              if (agent(host).orElseThrow().spec(vm) instanceof Reply.Ok<VmSpec>(VmSpec spec)) {
                intake.created(spec.vm(), host, term);
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            } finally {
              asking.remove(vm);
            }
          });
    }
  }

  @Override
  public void close() {
    drill.close();
    desk.close();
    clients.values().forEach(AgentClient::close);
  }
}
