package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.FenceCommand;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.desk.CommandDesk;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.scheduler.port.Fencer;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Fences hosts and servers of a cloud. What counts as a proof: power that reads off; a server that
 * a nova-compute which answers has stopped; and, if the operator has said so, a host that somebody
 * else has forced down. That a nova-compute is silent proves nothing: its guests may serve on.
 *
 * <p>Nova is told that a host is down only once that is proven, because it then lets others take
 * over that host's servers.
 */
public final class OpenStackFencer implements Fencer, AutoCloseable {

  private static final System.Logger LOG = System.getLogger(OpenStackFencer.class.getName());
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Answer NOTHING = new Answer.Broken("not asked");

  private final OpenStackSettings settings;
  private final HostPower power;
  private final Nova nova;
  private final Books books;
  private final Lookout lookout;
  private final InstantSource clock;
  private final CommandDesk<FenceCommand> desk;

  OpenStackFencer(
      OpenStackSettings settings,
      HostPower power,
      Nova nova,
      Books books,
      Lookout lookout,
      EventSink sink,
      InstantSource clock) {
    this.settings = settings;
    this.power = power;
    this.nova = nova;
    this.books = books;
    this.lookout = lookout;
    this.clock = clock;
    desk =
        new CommandDesk<>(
            "fencing",
            CommandDesk.Settings.defaults(),
            clock,
            sink,
            OpenStackFencer::laneOf,
            command -> new Outcome.FencingAnswered(carryOut(command)));
  }

  @Override
  public void execute(FenceCommand command) {
    desk.take(command);
  }

  private static String laneOf(FenceCommand command) {
    return switch (command) {
      case Command.FenceHost c -> "host " + c.host();
      case Command.FenceVm c -> "vm " + c.vm() + " on " + c.host();
      case Command.ExpireLease c -> "lease " + c.vm();
    };
  }

  private FencingResult carryOut(FenceCommand command) throws InterruptedException {
    try {
      return switch (command) {
        case Command.FenceHost c -> fence(c.host());
        case Command.FenceVm c -> stop(c);
        case Command.ExpireLease c ->
            new FencingResult.Unknown("no node agent on %s keeps a lease".formatted(c.primary()));
      };
    } catch (CloudUnavailableException e) {
      return new FencingResult.Unknown(String.valueOf(e.getMessage()));
    }
  }

  private FencingResult fence(HostId host) throws InterruptedException {
    FencingResult off = power.powerOff(host);
    if (off instanceof FencingResult.Fenced) {
      tellNova(host);
      return off;
    }
    ServiceRecord service = lookout.readServices().get(host);
    if (service != null && service.forcedDown() && settings.trustForcedDown()) {
      return new FencingResult.Fenced(
          "%s was forced down in Nova by somebody who says that it is off".formatted(host));
    }
    String silence =
        service == null
            ? "Nova has no such host"
            : "that its nova-compute has been silent for %d s proves nothing"
                .formatted(service.silentFor(clock.instant()).toSeconds());
    String said =
        switch (off) {
          case FencingResult.Fenced fenced -> fenced.proof();
          case FencingResult.NotFenced not -> not.reason();
          case FencingResult.Unknown unknown -> unknown.reason();
        };
    return off instanceof FencingResult.NotFenced
        ? new FencingResult.NotFenced(said)
        : new FencingResult.Unknown("%s; %s".formatted(said, silence));
  }

  /** The proof holds whether Nova hears of it or not; it is told again with the next fence. */
  private void tellNova(HostId host) throws InterruptedException {
    try {
      ServiceRecord service = lookout.readServices().get(host);
      if (service != null && !service.forcedDown()) {
        ObjectNode change = Rest.object();
        change.put("forced_down", true);
        Answer answer = nova.setService(service.uuid(), change);
        if (!ServerWork.isOk(answer)) {
          LOG.log(Level.WARNING, "Nova was not told that {0} is down: {1}", host, answer);
        }
        lookout.readServices();
      }
    } catch (CloudUnavailableException e) {
      LOG.log(Level.WARNING, "Nova was not told that {0} is down: {1}", host, e.getMessage());
    }
  }

  /**
   * Stops a VM on a host: whatever of it is there and no shadow, also what was retired and has come
   * back. Only a nova-compute that lives can have stopped it, and say so.
   */
  private FencingResult stop(Command.FenceVm command) throws InterruptedException {
    List<String> servers =
        books.all(command.vm()).stream()
            .filter(known -> known.host().equals(Optional.of(command.host())))
            .filter(known -> known.role() != ServerRecord.Role.SHADOW)
            .map(ServerRecord::id)
            .sorted()
            .toList();
    if (servers.isEmpty()) {
      return new FencingResult.Unknown(
          "Nova knows no server of %s on %s".formatted(command.vm(), command.host()));
    }
    Instant until = clock.instant().plus(settings.serverWithin());
    Instant asked = clock.instant();
    TreeMap<String, Answer> orders = new TreeMap<>();
    for (String server : servers) {
      Answer answer = nova.action(server, "os-stop");
      if (answer instanceof Answer.Broken broken) {
        return new FencingResult.Unknown(broken.why());
      }
      orders.put(server, answer);
    }
    List<String> on = servers;
    while (clock.instant().isBefore(until)) {
      List<ServerRecord> idle = new ArrayList<>();
      on = stillOn(servers, idle);
      ServiceRecord service = lookout.readServices().get(command.host());
      boolean alive = service != null && service.up() && service.lastReport().isAfter(asked);
      if (on.isEmpty() && alive) {
        return new FencingResult.Fenced(
            "%s has stopped server %s, and has reported since"
                .formatted(command.host(), String.join(", ", servers)));
      }
      if (service == null || !service.up() || service.forcedDown()) {
        return new FencingResult.Unknown(
            "nova-compute on %s is silent; nobody can say whether it stopped"
                .formatted(command.host()));
      }
      for (ServerRecord one : idle) {
        if (ServerMoves.isConflict(orders.getOrDefault(one.id(), NOTHING))) {
          asked = clock.instant(); // what Nova did with it instead, such as a snapshot, is over
          orders.put(one.id(), nova.action(one.id(), "os-stop"));
        }
      }
      Thread.sleep(LOOK_EVERY);
    }
    return new FencingResult.Unknown(
        "server %s had not stopped after %s"
            .formatted(String.join(", ", on), settings.serverWithin()));
  }

  /** Which of them are not seen to be off; and of those, with which Nova is doing nothing. */
  private List<String> stillOn(List<String> servers, List<ServerRecord> idle)
      throws InterruptedException {
    List<String> on = new ArrayList<>();
    for (String server : servers) {
      Optional<ServerRecord> now = lookout.look(server);
      if (now.filter(ServerRecord::isOff).isEmpty()) {
        on.add(server);
        now.filter(known -> known.task().isEmpty()).ifPresent(idle::add);
      }
    }
    return on;
  }

  @Override
  public void close() {
    desk.close();
  }
}
