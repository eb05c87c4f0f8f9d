package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Rest;
import io.penumbra.adapter.openstack.api.Session;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.TrafficCommand;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.desk.CommandDesk;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.scheduler.port.TrafficRouter;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.openstack4j.api.Builders;
import org.openstack4j.api.exceptions.ResponseException;
import org.openstack4j.api.octavia.LbPoolV2Service;
import org.openstack4j.model.dns.v2.Recordset;
import org.openstack4j.model.octavia.MemberV2;

/**
 * Sends clients after their VM through Octavia and Designate. The VM's server says itself where it
 * is found: {@code penumbra:pools} and {@code penumbra:names} in its metadata.
 *
 * <p>The new member comes before the old ones go, and each is read back. Where the VM took its
 * ports with it, its address is the same and there is nothing to change.
 */
public final class OpenStackTraffic implements TrafficRouter, AutoCloseable {

  private static final int TRIES = 20;
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private final Session session;
  private final Rest rest;
  private final Books books;
  private final CommandDesk<TrafficCommand> desk;

  /** One of several things that a VM's metadata lists: {@code first SEPARATOR second}. */
  private record Pair(String first, String second) {}

  OpenStackTraffic(Session session, Rest rest, Books books, EventSink sink, InstantSource clock) {
    this.session = session;
    this.rest = rest;
    this.books = books;
    desk =
        new CommandDesk<>(
            "traffic",
            CommandDesk.Settings.defaults(),
            clock,
            sink,
            OpenStackTraffic::laneOf,
            this::carryOut);
  }

  @Override
  public void execute(TrafficCommand command) {
    desk.take(command);
  }

  private static String laneOf(TrafficCommand command) {
    return switch (command) {
      case Command.PointLoadBalancer c -> "lb " + c.vm();
      case Command.PointDns c -> "dns " + c.vm();
      case Command.SetDnsTtl c -> "dns " + c.vm();
    };
  }

  private Outcome carryOut(TrafficCommand command) throws InterruptedException {
    try {
      switch (command) {
        case Command.PointLoadBalancer c -> pointBalancers(c.vm(), c.host());
        case Command.PointDns c -> pointNames(c.vm(), c.host());
        case Command.SetDnsTtl c -> live(c.vm(), c.ttl());
      }
      return new Outcome.Done();
    } catch (Refusal refusal) {
      return refusal.outcome();
    } catch (CloudUnavailableException e) {
      return new Outcome.Unknown(String.valueOf(e.getMessage()));
    }
  }

  // --- Octavia

  private void pointBalancers(VmId vm, HostId host) throws InterruptedException, Refusal {
    for (Pair pool : listed(vm, Mark.POOLS, ":")) {
      ServerRecord server = server(vm, host);
      String address = address(server);
      Set<String> others = new TreeSet<>();
      books.all(vm).forEach(other -> others.addAll(other.addresses()));
      others.removeAll(server.addresses());
      point(pool.first(), port(pool), address, others);
    }
  }

  private void point(String pool, int port, String address, Set<String> others)
      throws InterruptedException, Refusal {
    for (int i = 0; i < TRIES; i++) {
      List<? extends MemberV2> members =
          told("members of pool " + pool, () -> pools().listMembers(pool));
      boolean there =
          members.stream().anyMatch(member -> is(member, address, port) && member.isAdminStateUp());
      Optional<? extends MemberV2> old =
          members.stream()
              .filter(member ->
                  member.getProtocolPort() == port && others.contains(member.getAddress()))
              .findFirst();
      if (there && old.isEmpty()) {
        return; // read back
      }
      // A load balancer takes one change at a time and answers 409 until it has carried it out.
      if (there) {
        String gone = old.orElseThrow().getId();
        changed("member " + gone, () -> pools().deleteMember(pool, gone));
      } else {
        changed("member " + address, () -> pools().createMember(pool, member(address, port)));
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw Refusal.unknown("pool %s does not show %s:%d alone".formatted(pool, address, port));
  }

  /** That it can't be changed just now is no answer yet; looking again shows what holds. */
  private void changed(String what, Supplier<?> change) throws InterruptedException, Refusal {
    try {
      told(what, change::get);
    } catch (Refusal refusal) {
      boolean later =
          refusal.outcome() instanceof Outcome.Failed no && no.code().equals("conflict");
      if (!later) {
        throw refusal;
      }
    }
  }

  private LbPoolV2Service pools() {
    return session.client().octavia().lbPoolV2();
  }

  private static MemberV2 member(String address, int port) {
    return Builders.octavia()
        .memberV2()
        .address(address)
        .protocolPort(port)
        .adminStateUp(true)
        .build();
  }

  private static boolean is(MemberV2 member, String address, int port) {
    return address.equals(member.getAddress()) && member.getProtocolPort() == port;
  }

  private static int port(Pair pool) throws Refusal {
    try {
      return Integer.parseInt(pool.second());
    } catch (NumberFormatException e) {
      throw Refusal.failed(
          "bad-metadata",
          "%s has '%s:%s'; expected POOL-ID:PORT"
              .formatted(Mark.POOLS.key(), pool.first(), pool.second()));
    }
  }

  // --- Designate

  private void pointNames(VmId vm, HostId host) throws InterruptedException, Refusal {
    for (Pair name : listed(vm, Mark.NAMES, "/")) {
      List<String> wanted = List.of(address(server(vm, host)));
      ObjectNode change = Rest.object();
      wanted.forEach(change.putArray("records")::add);
      change(name, change, now -> now.getRecords().equals(wanted));
    }
  }

  private void live(VmId vm, Duration ttl) throws InterruptedException, Refusal {
    String seconds = Long.toString(ttl.toSeconds());
    for (Pair name : listed(vm, Mark.NAMES, "/")) {
      ObjectNode change = Rest.object();
      change.put("ttl", ttl.toSeconds());
      change(name, change, now -> seconds.equals(now.getTTL()));
    }
  }

  private void change(
      Pair name, ObjectNode change, java.util.function.Predicate<Recordset> asWanted)
      throws InterruptedException, Refusal {
    if (asWanted.test(recordset(name))) {
      return;
    }
    // OpenStack4j writes a TTL as text and sends the id along, and Designate takes neither.
    String path = "/v2/zones/%s/recordsets/%s".formatted(name.first(), name.second());
    Answer answer = rest.ask("dns", "", "PUT", path, Optional.of(change));
    if (!ServerWork.isOk(answer)) {
      throw Refusal.of("recordset " + name.second(), answer);
    }
    for (int i = 0; i < TRIES; i++) {
      Recordset now = recordset(name);
      boolean published = now.getStatus() == null || !"PENDING".equals(now.getStatus().name());
      if (asWanted.test(now) && published) {
        return;
      }
      Thread.sleep(LOOK_EVERY);
    }
    throw Refusal.unknown("recordset %s does not show the change".formatted(name.second()));
  }

  private Recordset recordset(Pair name) throws InterruptedException, Refusal {
    return told(
            "recordset " + name.second(),
            () ->
                Optional.ofNullable(
                    session.client().dns().recordsets().get(name.first(), name.second())))
        .orElseThrow(() -> Refusal.failed("no-name", "there is no recordset " + name.second()));
  }

  // --- both

  /** OpenStack4j's exceptions end here. */
  private <T> T told(String what, Supplier<T> question) throws InterruptedException, Refusal {
    try {
      return question.get();
    } catch (CloudUnavailableException e) {
      throw e;
    } catch (ResponseException e) {
      throw e.getStatus() / 100 == 4
          ? Refusal.failed(
              e.getStatus() == 409 ? "conflict" : "refused",
              "%s: status %d".formatted(what, e.getStatus()))
          : Refusal.unknown("%s: status %d".formatted(what, e.getStatus()));
    } catch (RuntimeException e) {
      throw Refusal.unknown(what + ": " + e.getClass().getSimpleName());
    }
  }

  private List<Pair> listed(VmId vm, Mark mark, String separator) {
    List<Pair> pairs = new ArrayList<>();
    String text = books.primary(vm).flatMap(server -> server.mark(mark)).orElse("");
    for (String part : text.split(",", -1)) {
      String[] halves = part.strip().split(separator, 2);
      if (halves.length == 2) {
        pairs.add(new Pair(halves[0], halves[1]));
      }
    }
    return pairs;
  }

  private ServerRecord server(VmId vm, HostId host) throws Refusal {
    return books
        .primary(vm)
        .filter(now -> now.host().equals(Optional.of(host)))
        .orElseThrow(() ->
            Refusal.failed("no-address", "nobody knows where %s is on %s".formatted(vm, host)));
  }

  private static String address(ServerRecord server) throws Refusal {
    if (server.addresses().isEmpty()) {
      throw Refusal.failed("no-address", "server %s has no address".formatted(server.id()));
    }
    return server.addresses().getFirst();
  }

  @Override
  public void close() {
    desk.close();
  }
}
