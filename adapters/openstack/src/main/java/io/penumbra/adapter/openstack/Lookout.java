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
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

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
  private static final String HOSTS = "hosts";
  private static final String GROUPS = "server groups";

  /** After a reading of everything that left something out, the next comes sooner. */
  private static final Duration SOON = Duration.ofMinutes(1);

  /** Clocks of different services differ, and what is changing is not in the database yet. */
  private static final Duration OVERLAP = Duration.ofSeconds(60);

  /** Servers that a list left out are asked for one by one; no more than so many after a list. */
  private static final int ASKED_MAX = 50;

  /** Of so many servers it is said in the log that they can't be read. */
  private static final int UNREADABLE_MAX = 1_000;

  /** Of so many questions for changes one asks for all servers: Nova does not count metadata. */
  private static final int ALL_OF = 6;

  private final OpenStackSettings settings;
  private final Nova nova;
  private final Inventory inventory;
  private final LastInventory last;
  private final ServerReader reader;
  private final Books books;
  private final Pulse pulse;
  private final InstantSource clock;
  private final BrokerDoubt brokerDoubt;
  private final LinkedHashSet<String> hints = new LinkedHashSet<>();
  private final Map<HostId, Instant> lastReports = new TreeMap<>();
  private final Semaphore serviceBell = new Semaphore(0);
  private final Semaphore serverBell = new Semaphore(0);
  private final List<Thread> threads = new ArrayList<>();
  private volatile Map<HostId, ServiceRecord> services = Map.of();

  /** Hosts in cells of Nova's that do not answer. */
  private volatile Set<HostId> hidden = Set.of();

  /** Of the servers that a list left out, the one that was asked for last. */
  private volatile String lastAsked = "";

  private volatile boolean someLeftOut;
  private volatile Map<String, List<GroupId>> groups = Map.of();

  /** Hosts were not told since the start, so that of some cells nothing may have been seen. */
  private volatile boolean goesByLast;

  /** What could not be read when it was last asked for, and since when. */
  private final Map<String, Instant> silent = new ConcurrentHashMap<>();

  /** The first reading is wanted by two, and one is enough. */
  private final ReentrantLock filling = new ReentrantLock();

  private Instant changesFrom = Instant.MAX;
  private Instant everythingAt = Instant.MAX;
  private int asked;

  /** Servers of which something can't be read, as far as that was said. */
  private final Set<String> unreadable = ConcurrentHashMap.newKeySet();

  /** What else is done after each look, by name. */
  private final Map<String, Part> afterwards = new ConcurrentSkipListMap<>();

  private boolean everythingWanted;
  private volatile boolean closed;

  Lookout(
      OpenStackSettings settings,
      Nova nova,
      Inventory inventory,
      LastInventory last,
      ServerReader reader,
      Books books,
      Pulse pulse,
      InstantSource clock) {
    this.settings = settings;
    this.nova = nova;
    this.inventory = inventory;
    this.last = last;
    this.reader = reader;
    this.books = books;
    this.pulse = pulse;
    this.clock = clock;
    brokerDoubt = new BrokerDoubt(settings.reportInterval(), clock);
  }

  synchronized void start() {
    threads.add(Thread.ofVirtual().name("openstack services").start(this::watchServices));
    threads.add(Thread.ofVirtual().name("openstack servers").start(this::watchServers));
  }

  /** The service of a host as it was when it was last read. */
  Optional<ServiceRecord> service(HostId host) {
    return Optional.ofNullable(services.get(host));
  }

  /** Whether a host's nova-compute reports. */
  boolean isUp(HostId host) {
    return service(host).filter(known -> known.up() && !known.forcedDown()).isPresent();
  }

  /** Whether part of Nova does not answer, so that there may be servers that nobody has seen. */
  boolean isPartial() {
    return goesByLast || !hidden.isEmpty();
  }

  /** Whether every server that there is was seen, as far as Nova tells. */
  boolean isWhole() {
    return books.filled() && !isPartial() && !someLeftOut && unreadable.isEmpty();
  }

  /** Whether Nova says of a host only that there is one. */
  boolean isHidden(HostId host) {
    return hidden.contains(host);
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

  /** From now on it is told when Nova's broker comes and goes; it is not seen yet. */
  void watchesBroker() {
    brokerDoubt.away();
  }

  /** Nova's broker has come or gone. */
  void brokerIs(boolean there) {
    if (there) {
      brokerDoubt.there();
    } else {
      brokerDoubt.away();
    }
    hintEverything();
  }

  /** Whether a silent nova-compute may only be waiting for a broker that was away. */
  boolean doubtsSilence() {
    return brokerDoubt.holds();
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
   * Reads everything, unless that was done meanwhile.
   *
   * @throws CloudUnavailableException if the cloud can't be read whole
   */
  void fill() throws InterruptedException {
    filling.lockInterruptibly();
    try {
      if (!books.filled()) {
        readEverything();
      }
    } finally {
      filling.unlock();
    }
  }

  /**
   * Reads everything, now. Nova tells nothing of hypervisors and server groups while one of its
   * cells is down: once they are known, if only from an earlier run, that keeps nobody from seeing
   * the servers of the others.
   *
   * @throws CloudUnavailableException if servers or services can't be read, or the first time
   *     anything that no earlier run has known
   */
  void readEverything() throws InterruptedException {
    long since = books.now();
    Told told = toldServices();
    services = told.services();
    Optional<List<HostReport>> hosts =
        ifTold(HOSTS, () -> inventory.hosts(told.services()), () -> lastHosts(told.services()));
    ifTold(GROUPS, inventory::groups, last::groups).ifPresent(read -> groups = read);
    List<ServerRecord> servers = allServers();
    hosts.ifPresent(seen -> sawHosts(seen, told.hidden()));
    askAfter(books.sawAll(servers, since));
    boolean whole = !silent.containsKey(HOSTS) && told.hidden().isEmpty();
    if (whole) {
      goesByLast = false;
    }
    if (whole && !silent.containsKey(GROUPS)) {
      hosts.ifPresent(seen -> last.tell(seen, groups));
    }
  }

  private Optional<List<HostReport>> lastHosts(Map<HostId, ServiceRecord> there) {
    Optional<List<HostReport>> known = last.hosts(there);
    if (known.isPresent() && !goesByLast) {
      goesByLast = true;
      LOG.log(
          Level.WARNING,
          "goes by the {0} hosts of an earlier run that have a service still, as they were told {1} s ago, until they are told again",
          known.get().size(),
          Long.toString(Duration.between(last.told(), clock.instant()).toSeconds()));
    }
    return known;
  }

  /** Services may have been read again since: of those that came or went meanwhile none is gone. */
  private void sawHosts(List<HostReport> seen, Set<HostId> hiddenThen) {
    Map<HostId, ServiceRecord> now = services;
    Set<HostId> untold = new TreeSet<>(hidden);
    untold.addAll(hiddenThen);
    List<HostReport> current = new ArrayList<>();
    for (HostReport report : seen) {
      ServiceRecord service = now.get(report.host().id());
      current.add(service == null ? report : new HostReport(report.host(), service.condition()));
    }
    books.sawHosts(current, untold);
  }

  /** A question whose answer the books can do without, once there is anything in them. */
  private interface Question<T> {
    T ask() throws InterruptedException;
  }

  private <T> Optional<T> ifTold(String what, Question<T> question, Supplier<Optional<T>> lastTold)
      throws InterruptedException {
    try {
      T told = question.ask();
      isTold(what);
      return Optional.of(told);
    } catch (CloudUnavailableException e) {
      Optional<T> known = books.filled() ? Optional.empty() : lastTold.get();
      if (!books.filled() && known.isEmpty()) {
        throw e;
      }
      isSilent(what, e);
      return known;
    }
  }

  /**
   * What Nova says of services.
   *
   * @param hidden hosts of which it says only that there is a service
   */
  private record Told(Map<HostId, ServiceRecord> services, Set<HostId> hidden) {}

  /** Of services in a cell that does not answer, what is known stays: that is no silence. */
  private Told toldServices() throws InterruptedException {
    TreeMap<HostId, ServiceRecord> told = new TreeMap<>(inventory.services());
    Set<HostId> untold = new TreeSet<>();
    told.values().stream()
        .filter(ServiceRecord::isHidden)
        .forEach(service -> untold.add(service.host()));
    told.keySet().removeAll(untold);
    if (untold.isEmpty() != hidden.isEmpty()) {
      LOG.log(
          untold.isEmpty() ? Level.INFO : Level.WARNING,
          "Nova hides {0} hosts, whose cells do not answer; what is known of them stays",
          untold.size());
    }
    hidden = untold;
    return new Told(told, untold);
  }

  private List<ServerRecord> allServers() throws InterruptedException {
    List<ServerRecord> servers = new ArrayList<>();
    Set<String> listed = new HashSet<>();
    for (JsonNode json : nova.servers()) {
      listed.add(json.path("id").asText(""));
      read(json).ifPresent(servers::add);
    }
    unreadable.retainAll(listed);
    return servers;
  }

  /** One that can't be read keeps nobody from seeing the others; what is known of it stays. */
  private Optional<ServerRecord> read(JsonNode json) {
    String id = json.path("id").asText("");
    try {
      Optional<ServerRecord> found =
          reader.read(json, groups).filter(server -> !mayHaveSuccessor(server));
      unreadable.remove(id);
      return found;
    } catch (CloudUnavailableException e) {
      throw e;
    } catch (RuntimeException e) {
      if (unreadable.size() < UNREADABLE_MAX && unreadable.add(id)) {
        LOG.log(
            Level.WARNING,
            "server {0} is left out, what Nova tells of it can''t be read: {1}",
            id,
            e.getMessage());
      }
      return Optional.empty();
    }
  }

  /**
   * We have locked it when another server took over. That one may be in a part of Nova that was not
   * seen yet; this one is not taken for the VM until all was seen.
   */
  private boolean mayHaveSuccessor(ServerRecord server) {
    return goesByLast
        && server.role() == ServerRecord.Role.PRIMARY
        && server.isKeptOff()
        && books.hostOf(server.id()).isEmpty();
  }

  private void readServers() throws InterruptedException {
    long since = books.now();
    askAfter(books.sawAll(allServers(), since));
  }

  /**
   * A server that is not in the list is gone only if Nova says so of itself: of a cell that is down
   * or slow the list has none, and nor does asking for it help. Whoever there is no time for is
   * asked for after the next list.
   */
  private void askAfter(List<String> missing) throws InterruptedException {
    List<String> worthAsking =
        missing.stream()
            .filter(server -> books.hostOf(server).filter(hidden::contains).isEmpty())
            .toList();
    Instant until = clock.instant().plus(settings.changesEvery());
    int left = missing.size();
    try {
      for (String server : inTurn(worthAsking)) {
        lastAsked = server;
        if (!(see(server) instanceof Sight.Untold)) {
          left--;
        }
        if (!clock.instant().isBefore(until)) {
          break;
        }
      }
    } catch (CloudUnavailableException e) {
      LOG.log(Level.DEBUG, "a server that was left out can''t be asked for: {0}", e.getMessage());
    }
    if (someLeftOut != left > 0) {
      someLeftOut = left > 0;
      LOG.log(
          someLeftOut ? Level.WARNING : Level.INFO,
          "{0} servers are not in Nova''s list and not known to be gone; what is known of them stays",
          left);
    }
  }

  /** Those after the last that was asked for first, then from the beginning. */
  private List<String> inTurn(List<String> missing) {
    List<String> turn = new ArrayList<>();
    missing.stream().filter(server -> server.compareTo(lastAsked) > 0).forEach(turn::add);
    missing.stream().filter(server -> server.compareTo(lastAsked) <= 0).forEach(turn::add);
    return turn.subList(0, Math.min(ASKED_MAX, turn.size()));
  }

  /** What Nova says of one server. */
  private sealed interface Sight {
    record There(ServerRecord server) implements Sight {}

    record Gone() implements Sight {}

    /** There is one, and that is all that Nova can say of it now. */
    record Untold(String status) implements Sight {}
  }

  private Sight see(String server) throws InterruptedException {
    long since = books.now();
    Answer answer = nova.server(server);
    if (answer instanceof Answer.Refused refused && refused.isAbsent()) {
      books.isGone(server);
      return new Sight.Gone();
    }
    JsonNode json = answer.orThrow("server " + server).path("server");
    String status = json.path("status").asText("");
    if (status.contains("DELETED")) { // it may be kept for a while, in no list
      books.isGone(server);
      return new Sight.Gone();
    }
    Optional<ServerRecord> found = take(json, since);
    return found.isPresent() ? new Sight.There(found.get()) : new Sight.Untold(status);
  }

  /**
   * Looks at one server, now; empty when there is none.
   *
   * @throws CloudUnavailableException if Nova can't say what it is, as when its cell is down
   */
  Optional<ServerRecord> look(String server) throws InterruptedException {
    return switch (see(server)) {
      case Sight.There there -> Optional.of(there.server());
      case Sight.Gone gone -> Optional.empty();
      case Sight.Untold untold ->
          throw new CloudUnavailableException(
              "server %s: Nova can't say what it is now, its status is '%s'"
                  .formatted(server, untold.status()));
    };
  }

  /** To be asked for before a question whose answer is taken. */
  long now() {
    return books.now();
  }

  /** Reads one server without a question of its own, of an answer to one that was asked then. */
  Optional<ServerRecord> take(JsonNode json, long since) {
    Optional<ServerRecord> found = read(json);
    found.ifPresent(seen -> books.saw(seen, since));
    return found;
  }

  /** Reads every compute service, now. */
  Map<HostId, ServiceRecord> readServices() throws InterruptedException {
    Map<HostId, ServiceRecord> read = toldServices().services();
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
    changesFrom = clock.instant();
    everythingAt = clock.instant().plus(settings.everythingEvery());
    Instant before = clock.instant();
    while (!closed) {
      Instant now = clock.instant();
      if (now.isBefore(before)) {
        // The clock was set back: what was to come by it would come that much later.
        everythingAt = now;
        changesFrom = now;
      }
      before = now;
      boolean wanted = takeWanted();
      boolean due = wanted || !books.filled() || !now.isBefore(everythingAt);
      boolean read = due && lookAtEverything(now, wanted);
      if (!read && books.filled()) {
        lookForChanges(now);
      }
      attempt("problems", this::reportProblems);
      afterwards.forEach(this::attempt);
      Instant until = now.plus(settings.changesEvery());
      while (!closed && isBetween(now, clock.instant(), until) && !isWanted()) {
        Duration left = Duration.between(clock.instant(), until);
        await(serverBell, shorter(left, settings.changesEvery()));
        lookAtHints();
      }
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static boolean isBetween(Instant from, Instant at, Instant until) {
    return !at.isBefore(from) && at.isBefore(until);
  }

  private boolean lookAtEverything(Instant now, boolean wanted) {
    if (attempt(EVERYTHING, wanted ? this::readEverything : this::fillOrRead)) {
      boolean whole = !silent.containsKey(HOSTS) && !silent.containsKey(GROUPS);
      Duration every = settings.everythingEvery();
      everythingAt = now.plus(whole || every.compareTo(SOON) < 0 ? every : SOON);
      changesFrom = now;
      return true;
    }
    if (wanted) {
      wantAgain();
    }
    return false;
  }

  private void fillOrRead() throws InterruptedException {
    if (books.filled()) {
      readEverything();
    } else {
      fill();
    }
  }

  private void lookForChanges(Instant now) {
    Instant from = changesFrom.minus(OVERLAP);
    boolean all = ++asked % ALL_OF == 0;
    if (attempt("changes", all ? this::readServers : () -> readChanges(from))) {
      changesFrom = now;
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
    long since = books.now();
    for (JsonNode json : nova.changed(from)) {
      if (json.path("status").asText().contains("DELETED")) {
        books.isGone(json.path("id").asText());
      } else {
        take(json, since);
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
      if (!attempt("a server", () -> see(server))) {
        return; // asking for changes finds it
      }
    }
  }

  /** Says on the server itself what was wrong with its tags; its owner looks there first. */
  private void reportProblems() throws InterruptedException {
    for (ServerRecord server : books.withProblems()) {
      String problem = String.join("; ", books.problems(server));
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

  /** From now on this is done, too, whenever servers were looked at. */
  void alsoDoes(String what, Part part) {
    afterwards.put(what, part);
  }

  /** Part of the look-out, which may break off. */
  interface Part {
    void run() throws InterruptedException;
  }

  private boolean attempt(String what, Part part) {
    try {
      part.run();
      isTold(what);
      return true;
    } catch (CloudUnavailableException e) {
      isSilent(what, e);
      return false;
    } catch (InterruptedException e) {
      closed = true;
      return false;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "reading " + what + " failed in our own code", e);
      return false;
    }
  }

  private void isTold(String what) {
    Instant since = silent.remove(what);
    if (since != null) {
      LOG.log(Level.INFO, "{0} can be read again; it could not since {1}", what, since);
    }
  }

  private void isSilent(String what, CloudUnavailableException why) {
    if (silent.putIfAbsent(what, clock.instant()) == null) {
      LOG.log(
          Level.WARNING,
          "{0} can''t be read: {1}; it is asked for again, and nothing is forgotten",
          what,
          why.getMessage());
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
