package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.port.Cloud.HostReport;
import io.penumbra.scheduler.port.Cloud.Page;
import io.penumbra.scheduler.port.Cloud.ShadowReport;
import io.penumbra.scheduler.port.Cloud.Snapshot;
import io.penumbra.scheduler.port.Cloud.VmReport;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What is known of the cloud. Whatever is learned, by whatever way and however often, is compared
 * with what was known, and the difference is told as events: so nothing is told twice, and what a
 * lost notification would have said is told when it is next seen.
 *
 * <p>A snapshot is read from here, not from the cloud: a cloud whose API is down keeps nobody
 * waiting, and is not taken for an empty one.
 */
final class Books {

  private final InstantSource clock;
  private final EventFeed feed;
  private final Map<String, ServerRecord> servers = new HashMap<>();
  private final Map<VmId, Set<String>> serversOf = new HashMap<>();
  private final Map<String, Long> learned = new HashMap<>();
  private final TreeMap<HostId, HostReport> hosts = new TreeMap<>();
  private long lessons;
  private boolean filled;

  Books(InstantSource clock, Runnable wake) {
    this.clock = clock;
    feed = new EventFeed(wake);
  }

  synchronized boolean filled() {
    return filled;
  }

  /** To be asked for before a long look at everything, and given back with what was seen. */
  synchronized long now() {
    return lessons;
  }

  /** Everything that a look at the whole cloud has shown. */
  synchronized void sawAll(Collection<ServerRecord> seen, long since) {
    Set<String> there = new HashSet<>();
    for (ServerRecord server : seen) {
      there.add(server.id());
      if (!learnedAfter(server.id(), since)) {
        saw(server);
      }
    }
    List<String> gone =
        servers.keySet().stream()
            .filter(id -> !there.contains(id) && !learnedAfter(id, since))
            .sorted()
            .toList();
    gone.forEach(this::isGone);
    learned.values().removeIf(lesson -> lesson <= since);
    filled = true;
  }

  /** What was learned of it while the long look was under way is newer than the look. */
  private boolean learnedAfter(String id, long since) {
    return learned.getOrDefault(id, 0L) > since;
  }

  /** One server, as it is now. */
  synchronized void saw(ServerRecord server) {
    learned.put(server.id(), ++lessons);
    ServerRecord before = servers.get(server.id());
    if (server.equals(before)) {
      return;
    }
    if (before != null && !before.vmId().equals(server.vmId())) {
      isGone(server.id()); // it is somebody else's from now on
    }
    change(
        server.vmId(),
        () -> {
          servers.put(server.id(), server);
          serversOf.computeIfAbsent(server.vmId(), vm -> new TreeSet<>()).add(server.id());
        });
  }

  /** There is no such server any more. */
  synchronized void isGone(String id) {
    learned.put(id, ++lessons);
    ServerRecord before = servers.get(id);
    if (before == null) {
      return;
    }
    change(
        before.vmId(),
        () -> {
          servers.remove(id);
          Set<String> others = serversOf.get(before.vmId());
          if (others != null) {
            others.remove(id);
            if (others.isEmpty()) {
              serversOf.remove(before.vmId());
            }
          }
        });
  }

  private void change(VmId vm, Runnable change) {
    Optional<ServerRecord> primaryBefore = primary(vm);
    List<ServerRecord> shadowsBefore = shadows(vm);
    change.run();
    tellOfVm(vm, primaryBefore, primary(vm));
    Set<HostId> still = new HashSet<>();
    shadows(vm).forEach(shadow -> still.add(shadow.host().orElseThrow()));
    boolean promoted = primary(vm).isPresent() && !primary(vm).equals(primaryBefore);
    for (ServerRecord lost : shadowsBefore) {
      HostId host = lost.host().orElseThrow();
      boolean isPrimaryNow =
          promoted && primary(vm).flatMap(ServerRecord::host).equals(Optional.of(host));
      if (!still.contains(host) && !isPrimaryNow) {
        feed.add(
            new Event.ShadowLost(
                clock.instant(), vm, host, "its server %s can't be used".formatted(lost.id())));
      }
    }
  }

  private void tellOfVm(VmId vm, Optional<ServerRecord> before, Optional<ServerRecord> after) {
    if (after.isEmpty()) {
      if (before.isPresent()) {
        feed.add(new Event.VmDeleted(clock.instant(), vm));
      }
      return;
    }
    ServerRecord now = after.get();
    if (before.isEmpty()) {
      feed.add(new Event.VmCreated(clock.instant(), now.vm(), now.host().orElseThrow()));
    } else if (!before.get().vm().policy().equals(now.vm().policy())) {
      feed.add(new Event.VmPolicyChanged(clock.instant(), vm, now.vm().policy()));
    }
    boolean hadFailed = before.filter(ServerRecord::hasFailed).isPresent();
    if (now.hasFailed() && !hadFailed) {
      String symptom =
          "Nova says %s, power state %d %s"
              .formatted(now.status(), now.power(), now.fault())
              .strip();
      feed.add(new Event.GuestFailed(clock.instant(), vm, symptom));
    }
  }

  /** The hosts that there are. */
  synchronized void sawHosts(List<HostReport> seen) {
    Set<HostId> there = new HashSet<>();
    for (HostReport report : seen) {
      there.add(report.host().id());
      HostReport before = hosts.put(report.host().id(), report);
      if (before == null) {
        feed.add(new Event.HostDiscovered(clock.instant(), report.host()));
      }
      HostCondition was = before == null ? HostCondition.UP : before.condition();
      tellCondition(report.host().id(), was, report.condition());
    }
    List<HostId> gone = hosts.keySet().stream().filter(host -> !there.contains(host)).toList();
    for (HostId host : gone) {
      hosts.remove(host);
      feed.add(new Event.HostRemoved(clock.instant(), host));
    }
  }

  /** What a host may be used for. */
  synchronized void sawCondition(HostId host, HostCondition condition) {
    HostReport before = hosts.get(host);
    if (before != null) {
      hosts.put(host, new HostReport(before.host(), condition));
      tellCondition(host, before.condition(), condition);
    }
  }

  private void tellCondition(HostId host, HostCondition before, HostCondition after) {
    if (before != after) {
      feed.add(new Event.HostConditionReported(clock.instant(), host, after));
    }
  }

  Page events(long cursor, int max) {
    return feed.after(cursor, max);
  }

  synchronized Snapshot snapshot() {
    List<VmReport> vms = new ArrayList<>();
    List<ShadowReport> shadows = new ArrayList<>();
    for (VmId vm : new TreeSet<>(serversOf.keySet())) {
      primary(vm)
          .ifPresent(server ->
              vms.add(
                  new VmReport(
                      server.vm(),
                      server.host().orElseThrow(),
                      !server.hasFailed(),
                      server.number(Mark.TERM))));
      for (ServerRecord shadow : shadows(vm)) {
        shadows.add(
            new ShadowReport(
                vm,
                shadow.host().orElseThrow(),
                shadow.mode(),
                shadow.resident(),
                true,
                shadow.number(Mark.TERM)));
      }
    }
    return new Snapshot(feed.end(), List.copyOf(hosts.values()), vms, shadows);
  }

  /** The server that is the VM: of several, the one that was made so last. */
  synchronized Optional<ServerRecord> primary(VmId vm) {
    return serversOf.getOrDefault(vm, Set.of()).stream()
        .map(servers::get)
        .filter(server -> server.role() == Role.PRIMARY && server.isThere())
        .max(
            Comparator.comparingLong((ServerRecord server) -> server.number(Mark.TERM))
                .thenComparing(ServerRecord::id, Comparator.reverseOrder()));
  }

  /** Its shadows that could take over. */
  synchronized List<ServerRecord> shadows(VmId vm) {
    return serversOf.getOrDefault(vm, Set.of()).stream()
        .map(servers::get)
        .filter(ServerRecord::isCompleteShadow)
        .toList();
  }

  /** Every server that is, was or may become the VM. */
  synchronized List<ServerRecord> all(VmId vm) {
    return serversOf.getOrDefault(vm, Set.of()).stream().map(servers::get).toList();
  }

  synchronized List<ServerRecord> withProblems() {
    return servers.values().stream()
        .filter(server -> !server.problems().isEmpty() || server.mark(Mark.PROBLEM).isPresent())
        .sorted(Comparator.comparing(ServerRecord::id))
        .toList();
  }

  synchronized int size() {
    return servers.size();
  }
}
