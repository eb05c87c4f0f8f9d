package io.penumbra.adapter.qemu.cloud;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penumbra.adapter.qemu.agent.DurableFile;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.lease.LeaseBook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What the controller knows of hosts, VMs and leases, in one file that is replaced before anybody
 * is told what follows from it. Agents are the truth about what they have; this is what remains of
 * those that are silent, and what only the controller decides: who is the primary, who keeps its
 * lease, and for whom nobody renews.
 */
final class Books {

  /** One host. */
  record HostEntry(Host host, String address, boolean quarantined) {}

  /**
   * One VM.
   *
   * @param host where its primary is
   * @param running whether its agent last said that it isn't dead
   * @param lease number of the last decision about its keeper
   * @param keeper who keeps the lease by that decision
   * @param mayKeep who may be renewing, while the agent hasn't heard of the decision
   */
  record VmEntry(
      Vm vm,
      HostId host,
      long term,
      boolean running,
      long lease,
      Optional<HostId> keeper,
      List<HostId> mayKeep) {
    VmEntry {
      mayKeep = List.copyOf(mayKeep);
    }

    VmEntry at(HostId where, long newTerm) {
      boolean same = where.equals(host);
      return new VmEntry(
          vm,
          where,
          newTerm,
          true,
          lease,
          same ? keeper : Optional.empty(),
          same ? mayKeep : List.of());
    }

    VmEntry withVm(Vm changed) {
      return new VmEntry(changed, host, term, running, lease, keeper, mayKeep);
    }

    VmEntry withRunning(boolean changed) {
      return new VmEntry(vm, host, term, changed, lease, keeper, mayKeep);
    }

    VmEntry withLease(long number, Optional<HostId> changed, List<HostId> candidates) {
      return new VmEntry(vm, host, term, running, number, changed, candidates);
    }
  }

  /** One shadow, as its agent last reported it. */
  record ShadowEntry(
      VmId vm,
      HostId host,
      ShadowMode mode,
      Resources resident,
      boolean complete,
      long term,
      boolean restored) {}

  /** Nobody renews the lease of that VM's instance there. */
  record Stop(VmId vm, HostId primary) {}

  /** All of it. */
  record Page(
      List<HostEntry> hosts, List<VmEntry> vms, List<ShadowEntry> shadows, List<Stop> stops) {}

  private record Seat(VmId vm, HostId host) implements Comparable<Seat> {
    @Override
    public int compareTo(Seat other) {
      int byVm = vm.compareTo(other.vm);
      return byVm != 0 ? byVm : host.compareTo(other.host);
    }
  }

  private final Path file;
  private final NavigableMap<HostId, HostEntry> hosts = new TreeMap<>();
  private final NavigableMap<VmId, VmEntry> vms = new TreeMap<>();
  private final NavigableMap<Seat, ShadowEntry> shadows = new TreeMap<>();
  private final NavigableMap<Seat, Stop> stops = new TreeMap<>();

  private Books(Path file) {
    this.file = file;
  }

  /** What a controller before has written there. */
  static Books open(Path file) {
    Books books = new Books(file);
    if (Files.exists(file)) {
      try {
        Page page = read(file);
        page.hosts().forEach(entry -> books.hosts.put(entry.host().id(), entry));
        page.vms().forEach(entry -> books.vms.put(entry.vm().id(), entry));
        page.shadows().forEach(e -> books.shadows.put(new Seat(e.vm(), e.host()), e));
        page.stops().forEach(e -> books.stops.put(new Seat(e.vm(), e.primary()), e));
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read " + file, e);
      }
    }
    return books;
  }

  private static Page read(Path file) throws IOException {
    JsonNode json = AgentJson.read(Files.readAllBytes(file), JsonNode.class);
    for (JsonNode shadow : json.path("shadows")) {
      if (shadow instanceof ObjectNode entry && !entry.has("restored")) {
        // Written by a controller that did not ask.
        entry.put("restored", false);
      }
    }
    return AgentJson.read(json, Page.class);
  }

  /** What agents say again need not outlive the machine; what we decided must. */
  private void save(boolean forced) {
    DurableFile.replace(file, AgentJson.write(page()), forced);
  }

  synchronized Page page() {
    return new Page(
        List.copyOf(hosts.values()),
        List.copyOf(vms.values()),
        List.copyOf(shadows.values()),
        List.copyOf(stops.values()));
  }

  // --- hosts

  synchronized Optional<HostEntry> host(HostId id) {
    return Optional.ofNullable(hosts.get(id));
  }

  synchronized List<HostEntry> hosts() {
    return List.copyOf(hosts.values());
  }

  /** True if it was another before, or none. */
  synchronized boolean put(HostEntry entry) {
    boolean changed = !entry.equals(hosts.put(entry.host().id(), entry));
    if (changed) {
      save(true);
    }
    return changed;
  }

  // --- VMs

  synchronized Optional<VmEntry> vm(VmId id) {
    return Optional.ofNullable(vms.get(id));
  }

  synchronized void put(VmEntry entry) {
    VmEntry before = vms.put(entry.vm().id(), entry);
    if (!entry.equals(before)) {
      save(before == null || !entry.equals(before.withRunning(entry.running())));
    }
  }

  /** Changes what is known of a VM; what nobody knows stays unknown. */
  synchronized Optional<VmEntry> change(VmId id, UnaryOperator<VmEntry> change) {
    Optional<VmEntry> changed = vm(id).map(change);
    changed.ifPresent(this::put);
    return changed;
  }

  synchronized void remove(VmId id) {
    boolean known = vms.remove(id) != null;
    known |= stops.keySet().removeIf(seat -> seat.vm().equals(id));
    if (known) {
      save(true);
    }
  }

  // --- shadows

  /** These, and no others, are the shadows on a host. */
  synchronized void shadowsOn(HostId host, List<ShadowEntry> reported) {
    NavigableMap<Seat, ShadowEntry> there = new TreeMap<>();
    reported.forEach(entry -> there.put(new Seat(entry.vm(), host), entry));
    NavigableMap<Seat, ShadowEntry> known = new TreeMap<>();
    shadows.forEach((seat, entry) -> {
      if (seat.host().equals(host)) {
        known.put(seat, entry);
      }
    });
    if (!known.equals(there)) {
      known.keySet().forEach(shadows::remove);
      shadows.putAll(there);
      save(false);
    }
  }

  synchronized List<ShadowEntry> shadowsOf(VmId vm) {
    List<ShadowEntry> found = new ArrayList<>();
    shadows.forEach((seat, entry) -> {
      if (seat.vm().equals(vm)) {
        found.add(entry);
      }
    });
    return found;
  }

  // --- leases

  synchronized void stopped(VmId vm, HostId primary) {
    if (stops.put(new Seat(vm, primary), new Stop(vm, primary)) == null) {
      save(true);
    }
  }

  synchronized void takenUp(VmId vm, HostId primary) {
    if (stops.remove(new Seat(vm, primary)) != null) {
      save(true);
    }
  }

  /** The leases of a controller that begins, with these books. */
  LeaseBook leases(long nowNanos) {
    Page page = page();
    List<LeaseBook.Keepers> keepers = new ArrayList<>();
    for (VmEntry entry : page.vms()) {
      if (!entry.mayKeep().isEmpty()) {
        keepers.add(new LeaseBook.Keepers(entry.vm().id(), entry.host(), entry.mayKeep()));
      }
    }
    LeaseBook book = new LeaseBook(keepers, nowNanos, ledger());
    page.stops().forEach(stop -> book.stop(stop.vm(), stop.primary(), nowNanos));
    return book;
  }

  private LeaseBook.Ledger ledger() {
    return new LeaseBook.Ledger() {
      @Override
      public void stopped(VmId vm, HostId primary) {
        Books.this.stopped(vm, primary);
      }

      @Override
      public void takenUp(VmId vm, HostId primary) {
        Books.this.takenUp(vm, primary);
      }
    };
  }
}
