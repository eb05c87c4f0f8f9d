package io.penumbra.adapter.traffic;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.dns.DnsRecord;
import io.penumbra.adapter.traffic.dns.DnsRecord.AddressType;
import io.penumbra.adapter.traffic.dns.ZoneEditor;
import io.penumbra.adapter.traffic.haproxy.Haproxy;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.TrafficCommand;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.desk.CommandDesk;
import io.penumbra.scheduler.port.EventSink;
import io.penumbra.scheduler.port.TrafficRouter;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Sends clients after their VM: its load balancers and its names, all at the same time. Every
 * command looks first, so one that was carried out before a restart changes nothing the second
 * time.
 *
 * <p>Each load balancer and each zone changes whole or not at all. What one of them has done stays
 * when another fails: the old primary is fenced by then, so every client that is sent to the new
 * one already is better off. The loop is told {@code Unknown} and asks again.
 */
public final class SteeringRouter implements TrafficRouter, AutoCloseable {

  private final Map<String, Haproxy> balancers = new TreeMap<>();
  private final Map<String, ZoneEditor> zones = new TreeMap<>();
  private final TrafficDirectory directory;
  private final CommandDesk<TrafficCommand> desk;
  private final ExecutorService parts = Executors.newVirtualThreadPerTaskExecutor();
  private final Thread watch;

  /**
   * A router.
   *
   * @param lookEvery how often load balancers are looked at, for one that was reloaded and has
   *     forgotten what it was told
   */
  public SteeringRouter(
      List<Haproxy> balancers,
      List<ZoneEditor> zones,
      TrafficDirectory directory,
      Duration lookEvery,
      InstantSource clock,
      EventSink sink) {
    balancers.forEach(balancer -> this.balancers.put(balancer.name(), balancer));
    zones.forEach(zone -> this.zones.put(zone.name(), zone));
    this.directory = directory;
    desk =
        new CommandDesk<>(
            "traffic",
            CommandDesk.Settings.defaults(),
            clock,
            sink,
            SteeringRouter::lane,
            this::carryOut);
    watch = Thread.ofVirtual().name("traffic watch").start(() -> lookAfter(lookEvery));
  }

  @Override
  public void execute(TrafficCommand command) {
    desk.take(command);
  }

  /** A load balancer that is reloaded reads where clients went once. */
  @Override
  public boolean forgets(VmId vm) {
    return !directory.of(vm).slots().isEmpty();
  }

  /** Names and load balancers of a VM don't wait for each other. */
  private static String lane(TrafficCommand command) {
    return switch (command) {
      case Command.PointLoadBalancer c -> "lb " + c.vm();
      case Command.PointDns c -> "dns " + c.vm();
      case Command.SetDnsTtl c -> "dns " + c.vm();
    };
  }

  private Outcome carryOut(TrafficCommand command) throws InterruptedException {
    return switch (command) {
      case Command.PointLoadBalancer c -> pointBalancers(c.vm(), c.host());
      case Command.PointDns c -> pointNames(c.vm(), c.host());
      case Command.SetDnsTtl c -> live(c.vm(), c.ttl());
    };
  }

  private Outcome pointBalancers(VmId vm, HostId host) throws InterruptedException {
    var slots = directory.of(vm).slots();
    Optional<HostAddresses> addresses = directory.addresses(vm, host);
    if (!slots.isEmpty() && addresses.isEmpty()) {
      return noAddress(vm, host);
    }
    List<Callable<Change>> work = new ArrayList<>();
    for (var entry : slots.entrySet()) {
      Haproxy balancer = balancers.get(entry.getKey());
      if (balancer == null) {
        return new Outcome.Failed(
            "no-balancer",
            "%s is behind %s, which is not configured".formatted(vm, entry.getKey()));
      }
      InetAddress address = addresses.orElseThrow().main();
      work.add(() -> balancer.point(vm, entry.getValue(), host, address));
    }
    return together(work);
  }

  private Outcome pointNames(VmId vm, HostId host) throws InterruptedException {
    var records = directory.of(vm).records();
    Optional<HostAddresses> addresses = directory.addresses(vm, host);
    if (!records.isEmpty() && addresses.isEmpty()) {
      return noAddress(vm, host);
    }
    List<Callable<Change>> work = new ArrayList<>();
    for (var entry : records.entrySet()) {
      ZoneEditor zone = zones.get(entry.getKey());
      if (zone == null) {
        return noZone(vm, entry.getKey());
      }
      List<InetAddress> meant = new ArrayList<>();
      for (DnsRecord record : entry.getValue()) {
        Optional<InetAddress> address = ofFamily(addresses.orElseThrow(), record);
        if (address.isEmpty()) {
          return new Outcome.Failed(
              "no-address",
              "%s has no address for %s %s on %s"
                  .formatted(vm, record.name(), record.type(), host));
        }
        meant.add(address.get());
      }
      work.add(() -> zone.point(entry.getValue(), meant));
    }
    return together(work);
  }

  private Outcome live(VmId vm, Duration ttl) throws InterruptedException {
    List<Callable<Change>> work = new ArrayList<>();
    for (var entry : directory.of(vm).records().entrySet()) {
      ZoneEditor zone = zones.get(entry.getKey());
      if (zone == null) {
        return noZone(vm, entry.getKey());
      }
      work.add(() -> zone.live(entry.getValue(), ttl));
    }
    return together(work);
  }

  private static Optional<InetAddress> ofFamily(HostAddresses addresses, DnsRecord record) {
    return addresses.of(record.type() == AddressType.A ? Inet4Address.class : Inet6Address.class);
  }

  private static Outcome noAddress(VmId vm, HostId host) {
    return new Outcome.Failed("no-address", "nobody knows where %s is on %s".formatted(vm, host));
  }

  private static Outcome noZone(VmId vm, String zone) {
    return new Outcome.Failed(
        "no-zone", "%s has names in %s, which is not configured".formatted(vm, zone));
  }

  private Outcome together(List<Callable<Change>> work) throws InterruptedException {
    List<Change> changes = new ArrayList<>();
    if (work.size() == 1) {
      changes.add(call(work.getFirst()));
    } else {
      for (Future<Change> part : parts.invokeAll(work)) {
        changes.add(result(part));
      }
    }
    return sum(changes);
  }

  private static Change call(Callable<Change> part) throws InterruptedException {
    try {
      return part.call();
    } catch (RuntimeException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static Change result(Future<Change> part) throws InterruptedException {
    try {
      return part.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return new Change.InDoubt(cause.getClass().getName());
    }
  }

  /** Done when all are; failed when one refused and nothing at all has changed. */
  static Outcome sum(List<Change> changes) {
    List<String> doubts = new ArrayList<>();
    Optional<Change.Refused> refusal = Optional.empty();
    boolean changed = false;
    for (Change change : changes) {
      switch (change) {
        case Change.Verified(boolean itDid) -> changed |= itDid;
        case Change.InDoubt(String why) -> doubts.add(why);
        case Change.Refused refused -> {
          doubts.add(refused.message());
          refusal = refusal.or(() -> Optional.of(refused));
        }
      }
    }
    if (doubts.isEmpty()) {
      return new Outcome.Done();
    }
    boolean nothingChanged =
        !changed && changes.stream().noneMatch(Change.InDoubt.class::isInstance);
    return nothingChanged && refusal.isPresent()
        ? new Outcome.Failed(refusal.get().code(), refusal.get().message())
        : new Outcome.Unknown(String.join("; ", doubts));
  }

  private void lookAfter(Duration every) {
    try {
      while (true) {
        Thread.sleep(every);
        balancers.values().forEach(Haproxy::reapply);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    watch.interrupt();
    desk.close();
    parts.shutdownNow();
  }
}
