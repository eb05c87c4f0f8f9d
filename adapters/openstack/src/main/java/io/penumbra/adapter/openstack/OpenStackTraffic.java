package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Designate;
import io.penumbra.adapter.openstack.api.Octavia;
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
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Sends clients after their VM through Octavia and Designate. The VM's server says itself where it
 * is found: {@code penumbra:pools} and {@code penumbra:names} in its metadata. Anybody may write
 * any id there, so nothing is changed that is not its owner's: see {@link Ownership}.
 *
 * <p>The new member comes before the old ones go, and each is read back, until Octavia has carried
 * it out and Designate's name servers answer so. Where the VM took its ports with it, its address
 * is the same and there is nothing to change.
 */
public final class OpenStackTraffic implements TrafficRouter, AutoCloseable {

  /** A load balancer that is being mended itself takes no change for longer; then it is unknown. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  static final String BAD_METADATA = "bad-metadata";

  /** What becomes part of an address that is asked for. */
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  /** What a new member of a pool has of the one that it stands in for. */
  private static final List<String> KEPT =
      List.of("name", "admin_state_up", "weight", "backup", "monitor_port", "tags");

  private final Ownership ownership;
  private final Octavia octavia;
  private final Designate designate;
  private final Ports ports;
  private final Books books;
  private final InstantSource clock;
  private final Duration patience;
  private final CommandDesk<TrafficCommand> desk;

  /** One of several things that a VM's metadata lists: {@code first SEPARATOR second}. */
  private record Pair(String first, String second) {}

  /** Where a VM is found now, and where it was. */
  private record Places(List<String> now, List<String> old) {

    /** Its address of the same family. */
    String like(String address) throws Refusal {
      boolean six = address.contains(":");
      return now.stream()
          .filter(one -> address.isEmpty() || one.contains(":") == six)
          .findFirst()
          .orElseThrow(() ->
              Refusal.failed("no-address", "none of %s is of IPv%d".formatted(now, six ? 6 : 4)));
    }
  }

  OpenStackTraffic(
      Session session, Rest rest, Ports ports, Books books, EventSink sink, InstantSource clock) {
    patience = PATIENCE;
    ownership = new Ownership(session, books);
    this.ports = ports;
    octavia = new Octavia(rest);
    designate = new Designate(rest);
    this.books = books;
    this.clock = clock;
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

  private static VmId vmOf(TrafficCommand command) {
    return switch (command) {
      case Command.PointLoadBalancer c -> c.vm();
      case Command.PointDns c -> c.vm();
      case Command.SetDnsTtl c -> c.vm();
    };
  }

  private Outcome carryOut(TrafficCommand command) throws InterruptedException {
    try {
      switch (command) {
        case Command.PointLoadBalancer c -> pointBalancers(c.vm(), c.host());
        case Command.PointDns c -> pointNames(c.vm(), c.host());
        case Command.SetDnsTtl c -> live(c.vm(), c.ttl());
      }
      books.refuses(vmOf(command), laneOf(command), "");
      return new Outcome.Done();
    } catch (Refusal refusal) {
      if (refusal.outcome() instanceof Outcome.Failed no && no.code().equals(BAD_METADATA)) {
        books.refuses(vmOf(command), laneOf(command), no.message());
      }
      return refusal.outcome();
    } catch (CloudUnavailableException e) {
      return new Outcome.Unknown(String.valueOf(e.getMessage()));
    }
  }

  // --- Octavia

  private void pointBalancers(VmId vm, HostId host) throws InterruptedException, Refusal {
    List<String> floating = floating(vm);
    for (Pair pool : listed(vm, Mark.POOLS, ":")) {
      int port = port(pool);
      ownPool(vm, pool.first());
      Instant until = clock.instant().plus(patience);
      while (!points(pool.first(), port, places(vm, host, floating))) {
        pause(until, "pool %s does not show %s alone".formatted(pool.first(), vm));
      }
    }
  }

  /** A pool's members are of its project; only who asks of the pool itself has to be let see it. */
  private void ownPool(VmId vm, String pool) throws InterruptedException, Refusal {
    List<JsonNode> members = octavia.members(pool);
    if (members.isEmpty() || !ownership.isOf(vm, members.getFirst())) {
      Answer answer = octavia.pool(pool);
      if (!(answer instanceof Answer.Ok ok)) {
        throw Refusal.of("pool " + pool, answer);
      }
      ownership.check(vm, Mark.POOLS, pool, ok.body().path("pool"));
    }
  }

  /** Whether the pool is as it should be; else the next step there was taken or tried. */
  private boolean points(String pool, int port, Places places)
      throws InterruptedException, Refusal {
    List<JsonNode> there =
        octavia.members(pool).stream()
            .filter(member -> member.path("protocol_port").asInt() == port)
            .toList();
    List<JsonNode> now = at(there, places.now());
    List<JsonNode> old = at(there, places.old());
    if (now.isEmpty()) {
      changed("a member of pool " + pool, octavia.add(pool, member(port, places, old)));
      return false;
    }
    JsonNode first = now.getFirst();
    if (first.path("provisioning_status").asText().equals("ERROR")) {
      throw Refusal.unknown("member %s is in ERROR".formatted(first.path("id").asText()));
    }
    if (isPending(first)) {
      return false;
    }
    if (!old.isEmpty() && !isPending(old.getFirst())) {
      String gone = old.getFirst().path("id").asText();
      changed("member %s of pool %s".formatted(gone, pool), octavia.remove(pool, gone));
    }
    return old.isEmpty();
  }

  private static List<JsonNode> at(List<JsonNode> members, List<String> addresses) {
    return members.stream()
        .filter(member -> addresses.contains(member.path("address").asText()))
        .toList();
  }

  /** A load balancer takes one change at a time, and shows each before it has carried it out. */
  private static boolean isPending(JsonNode member) {
    return member.path("provisioning_status").asText().startsWith("PENDING");
  }

  /** As the one that it stands in for, were it that its owner has switched it off. */
  private static ObjectNode member(int port, Places places, List<JsonNode> old) throws Refusal {
    JsonNode like = old.isEmpty() ? Rest.object() : old.getFirst();
    ObjectNode body = Rest.object();
    ObjectNode member = body.putObject("member");
    for (String kept : KEPT) {
      if (like.hasNonNull(kept)) {
        member.set(kept, like.get(kept));
      }
    }
    member.put("address", places.like(like.path("address").asText()));
    member.put("protocol_port", port);
    return body;
  }

  /** That it can't be changed just now is no answer yet; looking again shows what holds. */
  private static void changed(String what, Answer answer) throws Refusal {
    boolean later = answer instanceof Answer.Refused no && (no.status() == 409 || no.isAbsent());
    if (!ServerWork.isOk(answer) && !later) {
      throw Refusal.of(what, answer);
    }
  }

  private static int port(Pair pool) throws Refusal {
    try {
      return Integer.parseInt(pool.second());
    } catch (NumberFormatException e) {
      throw Refusal.failed(
          BAD_METADATA,
          "%s has '%s:%s'; expected POOL-ID:PORT"
              .formatted(Mark.POOLS.key(), pool.first(), pool.second()));
    }
  }

  // --- Designate

  private void pointNames(VmId vm, HostId host) throws InterruptedException, Refusal {
    List<String> floating = floating(vm);
    for (Pair name : listed(vm, Mark.NAMES, "/")) {
      JsonNode now = recordset(name);
      ownership.check(vm, Mark.NAMES, name.second(), now);
      List<String> wanted = wanted(now, places(vm, host, floating));
      ObjectNode change = Rest.object();
      wanted.forEach(change.putArray("records")::add);
      change(name, now, change, then -> wanted.equals(records(then)));
    }
  }

  /** The VM's address stands where its old one stood; others of the same name stay. */
  private static List<String> wanted(JsonNode recordset, Places places) throws Refusal {
    List<String> kept = new ArrayList<>(records(recordset));
    List<String> before = List.copyOf(kept);
    kept.removeAll(places.old());
    if (kept.stream().noneMatch(places.now()::contains)) {
      String address = places.like(recordset.path("type").asText().equals("AAAA") ? "::" : "0");
      if (before.size() == 1) {
        return List.of(address); // whatever stood there: the name is the VM's alone
      }
      kept.add(address);
    }
    return kept;
  }

  private static List<String> records(JsonNode recordset) {
    List<String> records = new ArrayList<>();
    recordset.path("records").forEach(one -> records.add(one.asText()));
    return records;
  }

  private void live(VmId vm, Duration ttl) throws InterruptedException, Refusal {
    for (Pair name : listed(vm, Mark.NAMES, "/")) {
      ObjectNode change = Rest.object();
      change.put("ttl", ttl.toSeconds());
      JsonNode now = recordset(name);
      ownership.check(vm, Mark.NAMES, name.second(), now);
      change(name, now, change, then -> then.path("ttl").asLong(-1) == ttl.toSeconds());
    }
  }

  /** Until its name servers answer so: Designate asks each of them before it says ACTIVE. */
  private void change(Pair name, JsonNode before, ObjectNode change, Predicate<JsonNode> asWanted)
      throws InterruptedException, Refusal {
    if (!asWanted.test(before)) {
      Answer answer = designate.change(name.first(), name.second(), change);
      if (!ServerWork.isOk(answer)) {
        throw Refusal.of("recordset " + name.second(), answer);
      }
    }
    Instant until = clock.instant().plus(patience);
    JsonNode now = recordset(name);
    while (!asWanted.test(now) || !now.path("status").asText("ACTIVE").equals("ACTIVE")) {
      pause(
          until,
          "recordset %s is %s and not published"
              .formatted(name.second(), now.path("status").asText()));
      now = recordset(name);
    }
  }

  private JsonNode recordset(Pair name) throws InterruptedException, Refusal {
    Answer answer = designate.recordset(name.first(), name.second());
    if (answer instanceof Answer.Ok ok) {
      return ok.body();
    }
    throw answer instanceof Answer.Refused no && no.isAbsent()
        ? Refusal.failed("no-name", "there is no recordset " + name.second())
        : Refusal.of("recordset " + name.second(), answer);
  }

  // --- both

  private void pause(Instant until, String otherwise) throws InterruptedException, Refusal {
    if (!clock.instant().isBefore(until)) {
      throw Refusal.unknown("%s after %s".formatted(otherwise, patience));
    }
    Thread.sleep(LOOK_EVERY);
  }

  private List<Pair> listed(VmId vm, Mark mark, String separator) throws Refusal {
    List<Pair> pairs = new ArrayList<>();
    String text = books.primary(vm).flatMap(server -> server.mark(mark)).orElse("");
    for (String part : text.split(",", -1)) {
      String[] halves = part.strip().split(separator, 2);
      if (halves.length == 2) {
        if (!ID.matcher(halves[0]).matches() || !ID.matcher(halves[1]).matches()) {
          throw Refusal.failed(
              BAD_METADATA, "%s has '%s', which are no ids".formatted(mark.key(), part.strip()));
        }
        pairs.add(new Pair(halves[0], halves[1]));
      }
    }
    return pairs;
  }

  private List<String> floating(VmId vm) throws InterruptedException {
    Optional<ServerRecord> server = books.primary(vm);
    return server.isPresent() ? ports.floating(server.get()) : List.of();
  }

  private Places places(VmId vm, HostId host, List<String> floating) throws Refusal {
    ServerRecord server =
        books
            .primary(vm)
            .filter(now -> now.host().equals(Optional.of(host)))
            .orElseThrow(() ->
                Refusal.failed("no-address", "nobody knows where %s is on %s".formatted(vm, host)));
    if (server.addresses().isEmpty()) {
      throw Refusal.failed("no-address", "server %s has no address".formatted(server.id()));
    }
    Set<String> old = new TreeSet<>();
    books.all(vm).stream()
        .filter(other -> other.role() != ServerRecord.Role.SHADOW)
        .forEach(other -> old.addAll(other.addresses()));
    List<String> now = new ArrayList<>(server.addresses());
    floating.stream().filter(address -> !now.contains(address)).forEach(now::add);
    now.forEach(old::remove);
    return new Places(now, List.copyOf(old));
  }

  @Override
  public void close() {
    desk.close();
  }
}
