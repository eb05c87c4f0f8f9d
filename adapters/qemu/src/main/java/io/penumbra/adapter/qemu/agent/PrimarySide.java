package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.ReplicaReport;
import io.penumbra.adapter.qemu.api.Heartbeat.Role;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
import io.penumbra.adapter.qemu.api.HeartbeatReply.LeaseWord;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.ReplicaOrder;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.web.Reply;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A VM that runs here: its guest, its right to serve, and the senders to its shadows. */
final class PrimarySide implements CaptureDesk.Clerk, Replication.Listener {

  private static final Outcome DONE = new Outcome.Done();
  private static final long MARK_STEP = 10_000;
  private static final Duration LAST_SYNC = Duration.ofSeconds(60);

  private final Surroundings around;
  private final HostedVm vm;
  private final LeaseHolder lease;
  private final AtomicLong epoch;
  private final AtomicBoolean renewing = new AtomicBoolean();
  private final NavigableMap<HostId, Replication> replications = new ConcurrentSkipListMap<>();
  private final Object acks = new Object();
  private volatile Optional<Hypervisor.Guest> guest = Optional.empty();
  private volatile Optional<CaptureDesk> desk = Optional.empty();
  private volatile boolean starting;
  private volatile boolean frozen;
  private volatile long pausedNanos;

  /** Another agent looks after the guest. */
  private volatile boolean left;

  /** Its owner has the guest elsewhere. */
  private volatile boolean moved;

  /** Its memory has changed by itself; remembered for as long as this guest lives. */
  private volatile Optional<Drift> drift = Optional.empty();

  /** Why it is not to go on, although it answers. */
  private volatile Optional<String> doubt = Optional.empty();

  private boolean driftTold;

  /** Whose shadow has everything of a primary that is held for its last sync. */
  private volatile Optional<HostId> synced = Optional.empty();

  PrimarySide(Surroundings around, HostedVm vm, long epoch) {
    this.around = around;
    this.vm = vm;
    this.epoch = new AtomicLong(epoch);
    lease = new LeaseHolder(around.settings().lease(), around.clock(), around.page());
  }

  // --- the guest

  /** A guest that has just been started or promoted; without a lease so far. */
  void attach(Hypervisor.Guest started) {
    guest = Optional.of(started);
    lease.moved(started.pid());
    started.whenGone(symptom -> gone(started, symptom));
  }

  /** A guest that an agent before has left: it goes on as that one has left it. */
  void adopt(Hypervisor.Guest left) throws HypervisorException {
    guest = Optional.of(left);
    lease.takeUp(left.pid(), vm.record().keeper());
    frozen = left.frozen();
    if (!lease.mayServe() && !frozen) {
      freeze(left);
    }
    if (!frozen && !vm.record().heldForSync()) {
      // Whoever died in the middle of a cut has left it paused.
      left.resume();
    }
    left.whenGone(symptom -> gone(left, symptom));
    if (!frozen) {
      beginMissing();
    }
    leadClients();
  }

  /** Whoever should have said that it is gone may not have: looked at every second or so. */
  void look() {
    guest
        .filter(there -> !moved && !there.alive())
        .ifPresent(there -> gone(there, "its process %d is gone".formatted(there.pid())));
  }

  /** Who takes a guest elsewhere stops it first; of one that was running, nobody need be asked. */
  private void gone(Hypervisor.Guest which, String symptom) {
    if (which.isLent() && which.wasStopped() && hasMovedOn()) {
      moved = true;
    } else {
      failed(which, symptom);
    }
  }

  /** Whether its owner has its guest elsewhere by now: a shadow of it must not serve, too. */
  boolean hasMovedOn() {
    try {
      return around.hypervisor().movedOn(vm.record().spec()).isPresent();
    } catch (HypervisorException e) {
      return false;
    }
  }

  /** It is to be looked after no more, since its owner has it elsewhere. */
  boolean hasLeft() {
    return moved;
  }

  void leave() {
    moved = true;
  }

  private synchronized void failed(Hypervisor.Guest which, String symptom) {
    if (guest.filter(which::equals).isEmpty() || vm.record().stopped()) {
      return;
    }
    Optional<Long> ended = Optional.of(vm.record().term());
    around.outbox().add(new Event.GuestFailed(around.wall().instant(), vm.id(), symptom, ended));
    vm.change(now -> now.withStopped(true));
    guest = Optional.empty();
    silence();
    lease.release();
  }

  /** Starts it from its disks. */
  void boot() throws HypervisorException {
    boot(() -> {});
  }

  /**
   * Starts it from its disks.
   *
   * @param running called as soon as it runs: before anybody could be told that it has died
   */
  void boot(Runnable running) throws HypervisorException {
    starting = true;
    try {
      Hypervisor.Guest started = around.hypervisor().start(vm.record().spec());
      attach(started);
      running.run();
      frozen = false;
      vm.change(now -> now.withStopped(false).withUnled(unled(InstanceRecord.Unled.booted())));
      if (!started.alive()) {
        // Of one that was still taken for stopped, its end is no news.
        gone(started, "its process ended while it was started");
        return;
      }
      beginMissing();
      leadClients();
    } finally {
      starting = false;
    }
  }

  /** What is to be remembered until clients are led to it, if anybody leads them. */
  private Optional<InstanceRecord.Unled> unled(InstanceRecord.Unled how) {
    return around.gate().leads(vm.id()) ? Optional.of(how) : Optional.empty();
  }

  /** Has clients led here, unless they are already. */
  void leadClients() {
    Optional<InetSocketAddress> at = address();
    Optional<InstanceRecord.Unled> how = vm.record().unled();
    if (at.isEmpty() || how.isEmpty()) {
      return;
    }
    ServiceGate.Arrival arrival = new Arriving(how.get());
    how.get()
        .promotion()
        .ifPresentOrElse(
            from -> around.gate().promoted(vm.id(), from, at.get(), arrival),
            () -> around.gate().booted(vm.id(), at.get(), arrival));
  }

  /** This guest as long as clients are to be led to it as it was said. */
  private final class Arriving implements ServiceGate.Arrival {

    private final Optional<InstanceRecord.Unled> how;

    Arriving(InstanceRecord.Unled how) {
      this.how = Optional.of(how);
    }

    @Override
    public ServiceGate.Presence presence() {
      return vm.record().unled().equals(how)
          ? PrimarySide.this.presence()
          : ServiceGate.Presence.GONE;
    }

    @Override
    public void led() {
      if (!left) {
        vm.change(now -> now.unled().equals(how) ? now.withUnled(Optional.empty()) : now);
      }
    }
  }

  /** How it is by now, for whoever leads clients to it. */
  private ServiceGate.Presence presence() {
    if (left || vm.primary().filter(this::equals).isEmpty()) {
      return ServiceGate.Presence.GONE;
    }
    return switch (state()) {
      case SERVING ->
          lease.mayServe() ? ServiceGate.Presence.SERVES : ServiceGate.Presence.STANDS_STILL;
      case PAUSED, FROZEN, STARTING, WAITING, RESTORED -> ServiceGate.Presence.STANDS_STILL;
      case STOPPED -> ServiceGate.Presence.GONE;
    };
  }

  /** Where the service of its guest is reached, if it is known to have one. */
  Optional<InetSocketAddress> address() {
    return guest.flatMap(
        at -> vm.record().spec().service().flatMap(service -> at.port(service.port())));
  }

  /** Ends it for good; on return it can't serve. Remembered before it is done. */
  void kill() throws HypervisorException {
    vm.change(now -> now.withStopped(true));
    silence();
    if (guest.isPresent()) {
      guest.get().kill();
      guest = Optional.empty();
    }
    // One that could not be adopted, or that an agent before us was about to end.
    around.hypervisor().end(vm.id());
    lease.release();
    frozen = false;
  }

  /** Lets go of everything and leaves the guest as it is: the agent ends. */
  void letGo() {
    left = true;
    List<Replication> ending = replications();
    ending.forEach(Replication::close);
    ending.forEach(Replication::awaitEnd);
    silence();
    guest.ifPresent(Hypervisor.Guest::letGo);
  }

  /** Whether its guest is somebody else's. */
  boolean isLent() {
    return guest.filter(Hypervisor.Guest::isLent).isPresent();
  }

  /** Lets go of a guest for good, which runs on; nobody's word counts for it any more. */
  void release() {
    Optional<Hypervisor.Guest> lent = guest;
    guest = Optional.empty();
    lease.release();
    List<Replication> ending = replications();
    ending.forEach(Replication::close);
    ending.forEach(Replication::awaitEnd);
    silence();
    lent.ifPresent(Hypervisor.Guest::letGo);
  }

  /** The guest is dead or dying, so nobody waits for what its senders are at. */
  private void silence() {
    List<Replication> ending = replications();
    replications.clear();
    Optional<CaptureDesk> open = desk;
    desk = Optional.empty();
    Thread.ofVirtual()
        .start(() -> {
          ending.forEach(Replication::close);
          ending.forEach(Replication::awaitEnd);
          open.ifPresent(CaptureDesk::close);
        });
  }

  /** Whether clients are answered, as far as it is up to us. */
  boolean serves() {
    return state() == State.SERVING;
  }

  State state() {
    if (starting || moved) {
      return State.STARTING;
    }
    if (vm.record().stopped() || guest.isEmpty()) {
      return State.STOPPED;
    }
    if (frozen) {
      return State.FROZEN;
    }
    return vm.record().heldForSync() ? State.PAUSED : State.SERVING;
  }

  Optional<Hypervisor.Guest> guest() {
    return guest;
  }

  // --- the lease

  /** Looks at the clock: called every few milliseconds. */
  void tick() {
    guest.filter(there -> !frozen && !lease.mayServe()).ifPresent(this::freeze);
    long quarter = around.settings().lease().lasts().toNanos() / 4;
    if (!frozen && lease.keeper().isPresent() && lease.keeperSilentNanos() > quarter) {
      askKeeper();
    }
  }

  private void freeze(Hypervisor.Guest running) {
    running.freeze();
    frozen = true;
  }

  /** Renews without an epoch, when epochs are far apart or slow. */
  private void askKeeper() {
    Optional<Replication> to = lease.keeper().map(replications::get);
    if (to.isEmpty() || !renewing.compareAndSet(false, true)) {
      return;
    }
    ReplicaOrder order = to.get().order();
    Thread.ofVirtual()
        .start(() -> {
          try {
            askKeeper(order);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            renewing.set(false);
          }
        });
  }

  private void askKeeper(ReplicaOrder order) throws InterruptedException {
    long asked = around.clock().getAsLong();
    InstanceRecord record = vm.record();
    LeaseCalls.Renew call =
        new LeaseCalls.Renew(around.settings().host().id(), record.lease(), record.term());
    Duration within = around.settings().lease().lasts().dividedBy(3);
    if (around.agentAt(order.agent()).renew(vm.id(), call, within)
            instanceof Reply.Ok<LeaseCalls.Renewal>(LeaseCalls.Renewal answer)
        && answer.renewed()) {
      lease.heardKeeper(order.host(), asked);
    } else {
      // Asked again soon enough, and no faster than that.
      Thread.sleep(around.settings().lease().lasts().dividedBy(20));
    }
  }

  /** What the controller has answered to a heartbeat that left at that time. */
  void hear(LeaseWord word, long askedNanos) {
    if (word.number() > vm.record().lease() && lease.kept(word.keeper(), askedNanos)) {
      vm.change(now -> now.withLease(word.number(), word.keeper()));
      if (word.keeper().isPresent()) {
        askKeeper();
      }
    }
    if (word.renewed()) {
      lease.heardController(askedNanos);
      if (frozen && lease.mayServe()) {
        serveAgain();
      }
    }
  }

  /** The controller renews it again, and nobody has ordered it to stand still. */
  private void serveAgain() {
    if (vm.lock().tryLock()) {
      try {
        if (frozen && !vm.record().stopped()) {
          letRun();
        }
      } catch (HypervisorException e) {
        around.outbox().add(new Event.GuestFailed(around.wall().instant(), vm.id(), e.text()));
      } finally {
        vm.lock().unlock();
      }
    }
  }

  /** Lets it run, unless its lease has run out meanwhile. */
  private void letRun() throws HypervisorException {
    Hypervisor.Guest there = guest.orElseThrow();
    if (frozen) {
      frozen = false;
      there.thaw();
    }
    if (!vm.record().heldForSync()) {
      there.resume();
    }
    beginMissing();
    tick();
  }

  // --- orders

  /** It is to serve, under this term. */
  Outcome resume(long term) throws HypervisorException, InterruptedException {
    InstanceRecord record = vm.record();
    if (term < record.term()) {
      return new Outcome.Failed(
          "older-term", "asked for term %d, it is at %d".formatted(term, record.term()));
    }
    boolean dead = record.stopped() || guest.isEmpty();
    vm.change(now -> now.withTerm(term, dead));
    synced = Optional.empty();
    doubt = Optional.empty();
    if (!dead && awaitLease()) {
      letRun();
    } else if (dead && awaitLease()) {
      boot();
    } else {
      return new Outcome.Unknown("its lease is not renewed, so it is not started");
    }
    return DONE;
  }

  /** An order to start that was given before a fence may arrive after it. */
  private boolean awaitLease() throws InterruptedException {
    long until = around.clock().getAsLong() + around.settings().lease().lasts().toNanos();
    while (!lease.mayServe() && around.clock().getAsLong() < until) {
      Thread.sleep(10);
    }
    return lease.mayServe();
  }

  /** Pauses it, so that what {@link #awaitLast} waits for is all there will be. */
  Optional<Outcome> pauseForLastSync(HostId host) throws HypervisorException {
    Replication to = replications.get(host);
    if (to == null || state() == State.STOPPED || state() == State.FROZEN) {
      return Optional.of(
          new Outcome.Failed("no-link", "nothing is sent to %s from here".formatted(host)));
    }
    if (vm.record().heldForSync() && synced.equals(Optional.of(host))) {
      return Optional.empty();
    }
    synced = Optional.empty();
    vm.change(now -> now.withHeldForSync(true));
    guest.orElseThrow().pause();
    pausedNanos = around.clock().getAsLong();
    return Optional.empty();
  }

  /** Waits until everything up to now is safe over there. */
  Outcome awaitLast(HostId host) throws InterruptedException {
    Replication to = replications.get(host);
    long until = around.clock().getAsLong() + LAST_SYNC.toNanos();
    synchronized (acks) {
      while (to != null && around.clock().getAsLong() < until) {
        Optional<CutLabel> newest = to.acked();
        if (synced.equals(Optional.of(host)) && newest.isPresent()) {
          return new Outcome.Synced(
              newest.get().term(), newest.get().epoch(), true, Duration.ZERO, 0);
        }
        to.cutSoon();
        acks.wait(20);
      }
    }
    return new Outcome.Failed("sync-broken", "the last epoch was not acked by " + host);
  }

  /** Asks its service whether it answers. */
  Outcome verify() throws InterruptedException {
    if (!serves()) {
      return new Outcome.Failed("no-answer", "the guest is " + state());
    }
    if (doubt.isPresent()) {
      return new Outcome.Failed("doubted", doubt.get());
    }
    return ServiceProbe.check(vm.record().spec().service(), guest.orElseThrow());
  }

  /** It answers, but is not to be believed: whoever asks is told that it has failed. */
  void doubt(String reason) {
    doubt = Optional.of(reason);
    around.outbox().add(new Event.GuestFailed(around.wall().instant(), vm.id(), reason));
  }

  /** What is known to be wrong with its memory. */
  Optional<Drift> drift() {
    return drift;
  }

  @Override
  public void drifted(Replication by, Drift found) {
    // The first is kept: nothing after it is any healthier.
    if (drift.isEmpty()) {
      drift = Optional.of(found);
      by.cutSoon();
    }
  }

  /** The guest is given up once its shadow knows what to go back to. */
  private synchronized void tellOfDrift(CutLabel safe) {
    Optional<Drift> known = drift.filter(found -> safe.epoch() > found.seenAt());
    if (known.isPresent() && !driftTold && around.settings().scrubbing().rollBack()) {
      driftTold = true;
      doubt(known.get().text());
    }
  }

  // --- replication

  void replicate(ReplicaOrder order) {
    List<ReplicaOrder> others = new ArrayList<>(vm.record().replicas());
    others.removeIf(known -> known.host().equals(order.host()));
    others.add(order);
    vm.change(now -> now.withReplicas(others));
    Replication known = replications.get(order.host());
    if (known != null && known.order().withInterval(order.interval()).equals(order)) {
      known.every(order.interval());
    } else {
      stop(order.host());
      begin(order);
    }
  }

  void stopReplicating(HostId host) {
    vm.change(now ->
        now.withReplicas(now.replicas().stream().filter(r -> !r.host().equals(host)).toList()));
    stop(host);
  }

  private void stop(HostId host) {
    Replication known = replications.remove(host);
    if (known != null) {
      known.close();
    }
  }

  void every(Duration interval) {
    vm.change(now ->
        now.withReplicas(now.replicas().stream().map(r -> r.withInterval(interval)).toList()));
    replications.values().forEach(replication -> replication.every(interval));
  }

  /** What a frozen guest, or one that was dead, could not be captured for. */
  private void beginMissing() {
    vm.record().replicas().stream()
        .filter(order -> !replications.containsKey(order.host()))
        .forEach(this::begin);
  }

  private void begin(ReplicaOrder order) {
    try {
      Replication replication =
          new Replication(
              vm.id(),
              order,
              openDesk(),
              around.scratch(),
              around.settings().stateKey(),
              around.settings().scrubbing(),
              around.clock(),
              this);
      replications.put(order.host(), replication.start());
    } catch (HypervisorException e) {
      around
          .outbox()
          .add(
              new Event.ShadowLost(
                  around.wall().instant(),
                  vm.id(),
                  order.host(),
                  "its primary can't be captured: " + e.text()));
    }
  }

  private CaptureDesk openDesk() throws HypervisorException {
    if (desk.isEmpty()) {
      desk = Optional.of(new CaptureDesk(guest.orElseThrow().source(), this, around.clock()));
    }
    return desk.orElseThrow();
  }

  // --- cuts

  @Override
  public Optional<CaptureDesk.Announced> announce() {
    boolean over = vm.record().heldForSync() && synced.isPresent();
    if (frozen || over || vm.record().stopped()) {
      return Optional.empty();
    }
    long next = epoch.incrementAndGet();
    if (next > vm.record().epochMark()) {
      vm.change(now -> now.withMark(next + MARK_STEP));
    }
    long position = around.gate().cutting(vm.id(), next, around.settings().gatePatience());
    return Optional.of(new CaptureDesk.Announced(new CutLabel(vm.record().term(), next), position));
  }

  @Override
  public HealthSnapshot health(HealthSnapshot captured) {
    NavigableMap<String, Double> vitals = new TreeMap<>(captured.vitals());
    guest.ifPresent(there -> vitals.putAll(there.vitals()));
    for (Replication sending : replications.values()) {
      vitals.merge("guest.dirtyPages", (double) sending.figures().pagesLast, Math::max);
    }
    drift.ifPresent(found -> found.note(vitals, around.settings().scrubbing().rollBack()));
    HealthSnapshot.Condition seen =
        drift.isPresent() ? HealthSnapshot.Condition.SUSPECT : captured.condition();
    return HealthJudge.judge(seen, vitals, around.health().last());
  }

  @Override
  public void taken(CutLabel label) {
    around.gate().cut(vm.id(), label.epoch());
  }

  @Override
  public void acked(Replication by, CutLabel label, long heldNanos, Duration sinceCut) {
    HostId host = by.order().host();
    if (label.term() == vm.record().term()) {
      lease.heardKeeper(host, heldNanos);
    }
    synchronized (acks) {
      if (vm.record().heldForSync() && heldNanos - pausedNanos >= 0) {
        // Said before the next cut could begin: what was synced last stays the last.
        synced = Optional.of(host);
      }
      acks.notifyAll();
    }
    everywhere().ifPresent(safe -> around.gate().acked(vm.id(), safe));
    tellOfDrift(label);
  }

  /** Whether a shadow could take over now without the loss of anything that clients rely on. */
  boolean isGuarded() {
    return everywhere().filter(safe -> around.gate().guards(vm.id(), safe)).isPresent();
  }

  /** The newest epoch that every shadow has which could take over. */
  private Optional<Long> everywhere() {
    long least = Long.MAX_VALUE;
    for (Replication replication : replications.values()) {
      Optional<CutLabel> newest = replication.acked();
      if (newest.filter(label -> label.term() == vm.record().term()).isPresent()) {
        least = Math.min(least, newest.get().epoch());
      }
    }
    return least == Long.MAX_VALUE ? Optional.empty() : Optional.of(least);
  }

  // --- what is said of it

  InstanceReport report() {
    InstanceRecord record = vm.record();
    return new InstanceReport(
        vm.id(),
        Role.PRIMARY,
        state(),
        record.mode(),
        record.held(),
        true,
        record.term(),
        epoch.get(),
        record.lease(),
        record.keeper(),
        record.replicas().stream().map(order -> report(order, record.term())).toList());
  }

  /** One to which nothing is sent yet is still a shadow, and may keep the lease. */
  private ReplicaReport report(ReplicaOrder order, long term) {
    Replication sending = replications.get(order.host());
    return sending == null ? new ReplicaReport(order.host(), false, 0, 0) : sending.report(term);
  }

  /** The senders, for whoever counts. */
  List<Replication> replications() {
    return List.copyOf(replications.values());
  }
}
