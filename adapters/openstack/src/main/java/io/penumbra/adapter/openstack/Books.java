package io.penumbra.adapter.openstack;

import io.penumbra.adapter.openstack.ServerRecord.Role;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
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
import java.util.function.BiConsumer;

/**
 * What is known of the cloud. Whatever is learned, by whatever way and however often, is compared
 * with what was known, and the difference is told as events: so nothing is told twice, and what a
 * lost notification would have said is told when it is next seen.
 *
 * <p>A snapshot is read from here, not from the cloud: a cloud whose API is down keeps nobody
 * waiting, and is not taken for an empty one.
 */
final class Books {

  /** Of two shadows, which has the newer state; of two of one state, always the same. */
  static final Comparator<ServerRecord> NEWEST =
      Comparator.comparing(ServerRecord::isCompleteShadow)
          .thenComparingLong(server -> server.number(Mark.TERM))
          .thenComparingLong(server -> server.number(Mark.EPOCH))
          .thenComparing(ServerRecord::id);

  private final InstantSource clock;
  private final EventFeed feed;
  private final Map<String, ServerRecord> servers = new HashMap<>();
  private final Map<VmId, Set<String>> serversOf = new HashMap<>();
  private final Map<String, Long> learned = new HashMap<>();

  /** When the question was asked whose answer is what is known of a server. */
  private final Map<String, Long> asked = new HashMap<>();

  /** What of a VM's metadata was refused when it was to be carried out, by what it was for. */
  private final Map<VmId, TreeMap<String, String>> refused = new HashMap<>();

  /** Servers that are being replaced by others, and whether they are gone already. */
  private final Map<String, Boolean> held = new HashMap<>();

  private final TreeMap<HostId, HostReport> hosts = new TreeMap<>();
  private long lessons;
  private boolean filled;
  private BiConsumer<VmId, String> names = (vm, name) -> {};
  private Runnable gone = () -> {};

  Books(InstantSource clock, Runnable wake) {
    this.clock = clock;
    feed = new EventFeed(wake);
  }

  synchronized boolean filled() {
    return filled;
  }

  /** To be asked for before a look, and given back with what was seen. */
  synchronized long now() {
    return ++lessons;
  }

  /**
   * Everything that a look at the whole cloud has shown.
   *
   * @return servers that are known and were not shown, by id. They need not be gone: of a cell that
   *     does not answer Nova shows none
   */
  synchronized List<String> sawAll(Collection<ServerRecord> seen, long since) {
    Set<String> there = new HashSet<>();
    for (ServerRecord server : seen) {
      there.add(server.id());
      if (!learnedAfter(server.id(), since)) {
        saw(server, since);
      }
    }
    List<String> missing =
        servers.keySet().stream()
            .filter(id -> !there.contains(id) && !learnedAfter(id, since))
            .sorted()
            .toList();
    learned.values().removeIf(lesson -> lesson <= since);
    asked.keySet().retainAll(servers.keySet());
    filled = true;
    return missing;
  }

  /** What was learned of it while the long look was under way is newer than the look. */
  private boolean learnedAfter(String id, long since) {
    return learned.getOrDefault(id, 0L) > since;
  }

  /**
   * One server, as it was seen by a look that began then. An API has several workers: what one of
   * them has read and is slow to say must not undo what was asked for later and is known already.
   */
  synchronized void saw(ServerRecord server, long since) {
    if (asked.getOrDefault(server.id(), 0L) > since) {
      return;
    }
    asked.put(server.id(), since);
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
    if (held.replace(id, true) != null || before == null) {
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
              refused.remove(before.vmId());
            }
          }
        });
    gone.run();
  }

  /**
   * Another server is about to take the place of this one, which counts as being there until it is
   * released: whoever hears of its end would look for a new shadow's host meanwhile.
   */
  synchronized void hold(String id) {
    held.put(id, false);
  }

  /** The other has taken its place, or never will. */
  synchronized void release(String id) {
    if (Boolean.TRUE.equals(held.remove(id))) {
      isGone(id);
    }
  }

  /** From now on says whenever a server is gone. */
  synchronized void tellGone(Runnable whom) {
    gone = whom;
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
    if (!before.map(ServerRecord::name).equals(Optional.of(now.name()))) {
      names.accept(vm, now.name());
    }
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

  synchronized void tellNames(BiConsumer<VmId, String> whom) {
    names = whom;
    for (VmId vm : new TreeSet<>(serversOf.keySet())) {
      primary(vm).ifPresent(server -> whom.accept(vm, server.name()));
    }
  }

  /**
   * The hosts that there are.
   *
   * @param hidden those that there are too, but nothing is told of them
   */
  synchronized void sawHosts(List<HostReport> seen, Set<HostId> hidden) {
    Set<HostId> there = new HashSet<>(hidden);
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
      shadows.addAll(reports(vm));
    }
    return new Snapshot(feed.end(), List.copyOf(hosts.values()), vms, shadows);
  }

  /** One of each host: while a server takes another's place, the whole one. */
  private Collection<ShadowReport> reports(VmId vm) {
    TreeMap<HostId, ShadowReport> found = new TreeMap<>();
    for (ServerRecord shadow : all(vm)) {
      report(shadow)
          .ifPresent(seen ->
              found.merge(seen.host(), seen, (one, other) -> other.complete() ? other : one));
    }
    return found.values();
  }

  /** Half-made ones too: who was making them may be gone, and nobody else knows of them. */
  private static Optional<ShadowReport> report(ServerRecord shadow) {
    return shadow
        .shadowHost()
        .map(host ->
            new ShadowReport(
                shadow.vmId(),
                host,
                shadow.mode(),
                shadow.resident(),
                shadow.isCompleteShadow(),
                shadow.number(Mark.TERM)));
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

  /**
   * Its shadows that could take over. Of two on one host, of which one takes the other's place, it
   * is the one with the newer state.
   */
  synchronized List<ServerRecord> shadows(VmId vm) {
    TreeMap<HostId, ServerRecord> found = new TreeMap<>();
    for (ServerRecord server : all(vm)) {
      if (server.isCompleteShadow()) {
        found.merge(
            server.host().orElseThrow(),
            server,
            (one, other) -> NEWEST.compare(one, other) < 0 ? other : one);
      }
    }
    return List.copyOf(found.values());
  }

  /** A VM's server and those of its shadows that have a state of its present term. */
  record Protected(ServerRecord primary, List<ServerRecord> shadows) {
    Protected {
      shadows = List.copyOf(shadows);
    }
  }

  /** Every VM that has such shadows, by id. */
  synchronized List<Protected> pairs() {
    List<Protected> found = new ArrayList<>();
    for (VmId vm : new TreeSet<>(serversOf.keySet())) {
      primary(vm)
          .ifPresent(primary -> {
            List<ServerRecord> current =
                shadows(vm).stream()
                    .filter(shadow -> shadow.number(Mark.TERM) == primary.number(Mark.TERM))
                    .toList();
            if (!current.isEmpty()) {
              found.add(new Protected(primary, current));
            }
          });
    }
    return found;
  }

  /** Whether states of a VM are kept, be it that no server has one at the moment. */
  synchronized boolean keepsStates(VmId vm) {
    return all(vm).stream()
        .anyMatch(server -> server.mark(Mark.IMAGE).isPresent() || isProtected(server));
  }

  /** Whether there is a VM, wherever it stands and however it is, that is to have shadows. */
  synchronized boolean isProtected(VmId vm) {
    return all(vm).stream().anyMatch(Books::isProtected);
  }

  private static boolean isProtected(ServerRecord server) {
    return server.role() == Role.PRIMARY
        && !server.status().contains("DELETED")
        && server.vm().policy().policy().mode() != ShadowMode.NONE;
  }

  /** Where a server stands, as far as is known. */
  synchronized Optional<HostId> hostOf(String server) {
    return Optional.ofNullable(servers.get(server)).flatMap(ServerRecord::host);
  }

  /** VMs of which servers are left, and none that was to serve. */
  synchronized List<VmId> gone() {
    return serversOf.keySet().stream()
        .filter(vm -> all(vm).stream().noneMatch(server -> server.role() == Role.PRIMARY))
        .sorted()
        .toList();
  }

  /** Every server that is, was or may become the VM. */
  synchronized List<ServerRecord> all(VmId vm) {
    return serversOf.getOrDefault(vm, Set.of()).stream().map(servers::get).toList();
  }

  /** Something that a VM's metadata asks for is not done, and why; empty when it was done. */
  synchronized void refuses(VmId vm, String what, String why) {
    TreeMap<String, String> known = refused.computeIfAbsent(vm, none -> new TreeMap<>());
    if (why.isEmpty()) {
      known.remove(what);
    } else {
      known.put(what, why);
    }
    if (known.isEmpty() || !serversOf.containsKey(vm)) {
      refused.remove(vm);
    }
  }

  /** What is to be told of a server to its owner. */
  synchronized List<String> problems(ServerRecord server) {
    List<String> problems = new ArrayList<>(server.problems());
    if (server.role() == Role.PRIMARY) {
      problems.addAll(refused.getOrDefault(server.vmId(), new TreeMap<>()).values());
    }
    return problems;
  }

  synchronized List<ServerRecord> withProblems() {
    return servers.values().stream()
        .filter(server -> !problems(server).isEmpty() || server.mark(Mark.PROBLEM).isPresent())
        .sorted(Comparator.comparing(ServerRecord::id))
        .toList();
  }

  synchronized int size() {
    return servers.size();
  }
}
