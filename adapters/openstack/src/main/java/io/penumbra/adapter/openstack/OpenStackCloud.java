package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.api.Cinder;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Login;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Placement;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.scheduler.desk.CommandDesk;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.scheduler.port.EventSink;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * One region of an OpenStack cloud. VMs are Nova's servers, by the id of their first server; a
 * shadow is a server of its own, which says in its metadata whose it is.
 *
 * <p>Events and snapshots are read from books, never from the cloud itself, so the control loop
 * waits for the cloud only once: for the first snapshot.
 */
public final class OpenStackCloud implements Cloud, AutoCloseable {

  /** What the reasons of locks begin with that are put on old servers. */
  public static final String LOCK_REASON = "penumbra keeps it off";

  private static final int CALLS_AT_ONCE = 16;

  private final Session session;
  private final Rest rest;
  private final Nova nova;
  private final Books books;
  private final Lookout lookout;
  private final StateRefresh refresh;
  private final Ports ports;
  private final StandInSweep standIns;
  private final StateSweep statesOfGone;
  private final Sweeper sweeper;
  private final CommandDesk<CloudCommand> desk;
  private final OpenStackSettings settings;
  private final InstantSource clock;

  /**
   * A cloud, which is looked after from now on.
   *
   * @param sink is told what became of commands
   * @param pulse is told whenever a host has reported that it lives
   * @param wake is called when there are events to be read
   * @param inventory file in which hosts outlive this run, for a start while a cell of Nova's is
   *     down; empty: they don't
   */
  public OpenStackCloud(
      Login login,
      OpenStackSettings settings,
      PolicyResolver policies,
      EventSink sink,
      BiConsumer<HostId, Instant> pulse,
      Runnable wake,
      Optional<Path> inventory,
      InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
    session = new Session(login, clock);
    rest = new Rest(session, CALLS_AT_ONCE);
    nova = new Nova(rest);
    books = new Books(clock, wake);
    Placement placement = new Placement(rest);
    Inventory hosts = new Inventory(session, nova, placement);
    lookout =
        new Lookout(
            settings,
            nova,
            hosts,
            new LastInventory(inventory, clock),
            new ServerReader(policies, settings, this::project),
            books,
            pulse::accept,
            clock);
    Turns turns = new Turns(clock);
    ServerMoves moves = new ServerMoves(settings, nova, lookout, clock);
    StateVolumes volumes = new StateVolumes(new Cinder(session, rest), clock);
    StateImages images = new StateImages(settings, session, nova, volumes, books, clock);
    ShadowState states = new ShadowState(moves, images, books, placement, hosts);
    refresh = new StateRefresh(settings, books, lookout, images, moves, states, turns, clock);
    ports = new Ports(session, rest);
    OldServers oldServers = new OldServers(nova, books, lookout, moves);
    lookout.alsoDoes("locks", oldServers::letGoOfRest);
    standIns = new StandInSweep(session, rest, lookout);
    statesOfGone = new StateSweep(books, lookout, images, turns);
    sweeper = new Sweeper(List.of(standIns, statesOfGone));
    HostWork hostWork = new HostWork(settings, nova, lookout, clock);
    ServerWork servers =
        new ServerWork(
            settings,
            nova,
            books,
            lookout,
            ports,
            oldServers,
            moves,
            images,
            states,
            refresh,
            turns,
            clock);
    desk =
        new CommandDesk<>(
            "openstack",
            CommandDesk.Settings.defaults(),
            clock,
            sink,
            CloudWork::laneOf,
            new CloudWork(servers, hostWork, turns)::carryOut);
    lookout.start();
    refresh.start();
    books.tellGone(sweeper::hint);
    sweeper.start();
  }

  private String project() {
    return session
        .project()
        .orElseThrow(
            () -> new CloudUnavailableException("Keystone does not say whose project is ours"));
  }

  @Override
  public Snapshot snapshot() {
    if (!books.filled()) {
      try {
        lookout.fill();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CloudUnavailableException("interrupted while it was read");
      }
    }
    return books.snapshot();
  }

  @Override
  public Page events(long cursor, int max) {
    return books.events(cursor, max);
  }

  @Override
  public void execute(CloudCommand command) {
    desk.take(command);
  }

  /** A server has changed, somebody says; it is looked at. */
  public void hint(String server) {
    lookout.hint(server);
  }

  /** From now on tells what VMs are called, and tells it of those that are known already. */
  public void tellNames(BiConsumer<VmId, String> names) {
    books.tellNames(names);
  }

  /** A compute service has changed, somebody says. */
  public void hintServices() {
    lookout.hintServices();
  }

  /** Whatever was said meanwhile was not heard: everything is read. */
  public void hintEverything() {
    lookout.hintEverything();
  }

  /** From now on it is told when Nova's message broker comes and goes, the first time included. */
  public void watchesBroker() {
    lookout.watchesBroker();
  }

  /** Nova's message broker has come or gone, as far as can be seen from here. */
  public void brokerIs(boolean there) {
    lookout.brokerIs(there);
  }

  /** Since when the cloud's API has not answered; empty when it does. */
  public Optional<Instant> silentSince() {
    return lookout.silentSince();
  }

  /** A fencer for this cloud's hosts and servers. */
  public OpenStackFencer fencer(HostPower power, EventSink sink) {
    return new OpenStackFencer(settings, power, nova, books, lookout, sink, clock);
  }

  /** Load balancers and names of this cloud. */
  public OpenStackTraffic traffic(EventSink sink) {
    return new OpenStackTraffic(session, rest, ports, books, sink, clock);
  }

  /** What is done now and then: states that are due are begun with. */
  void lookForStates() {
    refresh.look();
  }

  /** What is done now and then: everything is read. */
  void readEverything() throws InterruptedException {
    lookout.readEverything();
  }

  /** What is done now and then: compute services are read. */
  void readServices() throws InterruptedException {
    lookout.readServices();
  }

  /** What is done now and then: ports that were made for servers that are gone are deleted. */
  void sweepStandIns() throws InterruptedException {
    standIns.sweep();
  }

  /**
   * What is done now and then: states of VMs that are gone are deleted.
   *
   * @return whether none is left
   */
  boolean sweepStates() throws InterruptedException {
    return statesOfGone.sweep();
  }

  @Override
  public void close() {
    sweeper.close();
    refresh.close();
    desk.close();
    lookout.close();
    rest.close();
  }
}
