package io.penumbra.adapter.openstack;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.openstack.api.Answer;
import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.adapter.openstack.api.Nova;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.scheduler.port.Cloud.HostReport;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the books current: looks at a server when somebody hints that it has changed, asks for
 * changes every few seconds in case nobody does, and now and then reads everything.
 */
final class Lookout implements AutoCloseable {

  /** Is told that a host lives. */
  @FunctionalInterface
  interface Pulse {
    void beat(HostId host, Instant at);
  }

  private static final System.Logger LOG = System.getLogger(Lookout.class.getName());
  private static final int HINTS_MAX = 5_000;
  private static final String EVERYTHING = "everything";

  /** Clocks of different services differ, and what is changing is not in the database yet. */
  private static final Duration OVERLAP = Duration.ofSeconds(60);

  private final OpenStackSettings settings;
  private final Nova nova;
  private final Inventory inventory;
  private final ServerReader reader;
  private final Books books;
  private final Pulse pulse;
  private final InstantSource clock;
  private final LinkedHashSet<String> hints = new LinkedHashSet<>();
  private final Map<HostId, Instant> lastReports = new TreeMap<>();
  private final Semaphore serviceBell = new Semaphore(0);
  private final Semaphore serverBell = new Semaphore(0);
  private final List<Thread> threads = new ArrayList<>();
  private volatile Map<HostId, ServiceRecord> services = Map.of();
  private volatile Map<String, List<GroupId>> groups = Map.of();

  /** What could not be read when it was last asked for, and since when. */
  private final Map<String, Instant> silent = new ConcurrentHashMap<>();

  private boolean everythingWanted;
  private volatile boolean closed;

  Lookout(
      OpenStackSettings settings,
      Nova nova,
      Inventory inventory,
      ServerReader reader,
      Books books,
      Pulse pulse,
      InstantSource clock) {
    this.settings = settings;
    this.nova = nova;
    this.inventory = inventory;
    this.reader = reader;
    this.books = books;
    this.pulse = pulse;
    this.clock = clock;
  }

  synchronized void start() {
    threads.add(Thread.ofVirtual().name("openstack services").start(this::watchServices));
    threads.add(Thread.ofVirtual().name("openstack servers").start(this::watchServers));
  }

  /** The service of a host as it was when it was last read. */
  Optional<ServiceRecord> service(HostId host) {
    return Optional.ofNullable(services.get(host));
  }

  Optional<Instant> silentSince() {
    return silent.values().stream().min(Comparator.naturalOrder());
  }

  /** This server may have changed. Too many hints at once, and everything is read. */
  synchronized void hint(String server) {
    if (hints.size() >= HINTS_MAX) {
      hints.clear();
      everythingWanted = true;
    }
    hints.add(server);
    serverBell.release();
  }

  /** A compute service may have changed. */
  void hintServices() {
    serviceBell.release();
  }

  /** Nobody has listened for a while. */
  synchronized void hintEverything() {
    everythingWanted = true;
    serverBell.release();
  }

  /**
   * Reads everything, now.
   *
   * @throws CloudUnavailableException if the cloud can't be read whole
   */
  void readEverything() throws InterruptedException {
    long since = books.now();
    Map<HostId, ServiceRecord> read = inventory.services();
    List<HostReport> hosts = inventory.hosts(read);
    groups = inventory.groups();
    List<ServerRecord> servers = new ArrayList<>();
    for (JsonNode json : nova.servers()) {
      reader.read(json, groups).ifPresent(servers::add);
    }
    services = read;
    books.sawHosts(hosts);
    books.sawAll(servers, since);
  }

  /** Looks at one server, now; empty when there is none. */
  Optional<ServerRecord> look(String server) throws InterruptedException {
    Answer answer = nova.server(server);
    if (answer instanceof Answer.Refused refused && refused.isAbsent()) {
      books.isGone(server);
      return Optional.empty();
    }
    Optional<ServerRecord> found =
        reader.read(answer.orThrow("server " + server).path("server"), groups);
    found.ifPresent(books::saw);
    return found;
  }

  /** Reads one server without a question of its own. */
  Optional<ServerRecord> take(JsonNode json) {
    Optional<ServerRecord> found = reader.read(json, groups);
    found.ifPresent(books::saw);
    return found;
  }

  /** Reads every compute service, now. */
  Map<HostId, ServiceRecord> readServices() throws InterruptedException {
    Map<HostId, ServiceRecord> read = inventory.services();
    boolean unknown = !services.keySet().equals(read.keySet());
    services = read;
    Instant now = clock.instant();
    read.values()
        .forEach(service -> {
          books.sawCondition(service.host(), service.condition());
          if (hasReported(service)) {
            pulse.beat(service.host(), now);
          }
        });
    if (unknown && books.filled()) {
      hintEverything();
    }
    return read;
  }

  private boolean hasReported(ServiceRecord service) {
    boolean alive = service.up() && !service.forcedDown();
    synchronized (lastReports) {
      Instant before = lastReports.put(service.host(), service.lastReport());
      return alive && !service.lastReport().equals(before);
    }
  }

  private void watchServices() {
    while (!closed) {
      attempt("compute services", this::readServices);
      await(serviceBell, settings.servicesEvery());
    }
  }

  private void watchServers() {
    Instant changesFrom = clock.instant();
    Instant everythingAt = clock.instant().plus(settings.everythingEvery());
    while (!closed) {
      Instant now = clock.instant();
      boolean wanted = takeWanted();
      if (wanted || !books.filled() || !now.isBefore(everythingAt)) {
        if (attempt(EVERYTHING, this::readEverything)) {
          everythingAt = now.plus(settings.everythingEvery());
          changesFrom = now;
        } else if (wanted) {
          wantAgain();
        }
      } else {
        Instant from = changesFrom.minus(OVERLAP);
        if (attempt("changes", () -> readChanges(from))) {
          changesFrom = now;
        }
      }
      attempt("problems", this::reportProblems);
      Instant until = now.plus(settings.changesEvery());
      while (!closed && clock.instant().isBefore(until) && !isWanted()) {
        await(serverBell, Duration.between(clock.instant(), until));
        lookAtHints();
      }
    }
  }

  private synchronized boolean takeWanted() {
    boolean wanted = everythingWanted;
    everythingWanted = false;
    return wanted;
  }

  private synchronized void wantAgain() {
    everythingWanted = true;
  }

  private synchronized boolean isWanted() {
    return everythingWanted && !silent.containsKey(EVERYTHING);
  }

  private void readChanges(Instant from) throws InterruptedException {
    for (JsonNode json : nova.changed(from)) {
      if (json.path("status").asText().contains("DELETED")) {
        books.isGone(json.path("id").asText());
      } else {
        take(json);
      }
    }
  }

  private void lookAtHints() {
    List<String> now;
    synchronized (this) {
      now = List.copyOf(hints);
      hints.clear();
    }
    for (String server : now) {
      if (!attempt("a server", () -> look(server))) {
        return; // asking for changes finds it
      }
    }
  }

  /** Says on the server itself what was wrong with its tags; its owner looks there first. */
  private void reportProblems() throws InterruptedException {
    for (ServerRecord server : books.withProblems()) {
      String problem = String.join("; ", server.problems());
      String told = problem.length() > 255 ? problem.substring(0, 252) + "..." : problem;
      if (told.equals(server.mark(Mark.PROBLEM).orElse(""))) {
        continue;
      }
      Answer answer =
          told.isEmpty()
              ? nova.unmark(server.id(), Mark.PROBLEM.key())
              : nova.mark(server.id(), Map.of(Mark.PROBLEM.key(), told));
      if (answer instanceof Answer.Ok) {
        look(server.id());
      }
    }
  }

  /** Part of the look-out, which may break off. */
  private interface Part {
    void run() throws InterruptedException;
  }

  private boolean attempt(String what, Part part) {
    try {
      part.run();
      Instant since = silent.remove(what);
      if (since != null) {
        LOG.log(Level.INFO, "{0} can be read again; it could not since {1}", what, since);
      }
      return true;
    } catch (CloudUnavailableException e) {
      if (silent.putIfAbsent(what, clock.instant()) == null) {
        LOG.log(
            Level.WARNING,
            "{0} can''t be read: {1}; it is asked for again, and nothing is forgotten",
            what,
            e.getMessage());
      }
      return false;
    } catch (InterruptedException e) {
      closed = true;
      return false;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "reading " + what + " failed in our own code", e);
      return false;
    }
  }

  private void await(Semaphore bell, Duration most) {
    try {
      if (!closed
          && most.toMillis() > 0
          && bell.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
        bell.drainPermits();
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
