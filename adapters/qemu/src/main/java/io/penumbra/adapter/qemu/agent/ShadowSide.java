package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AgentClient.ShadowProgress;
import io.penumbra.adapter.qemu.api.AnswerReport;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.Role;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
import io.penumbra.adapter.qemu.api.LeaseCalls;
import io.penumbra.adapter.qemu.api.ShadowSeat;
import io.penumbra.domain.event.Event;
import io.penumbra.scheduler.lease.LeaseGrant;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.path.tcp.TcpListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A shadow that waits here: what fills it, and what its agent has promised its primary. */
final class ShadowSide implements Reception.Heard {

  private final Surroundings around;
  private final HostedVm vm;
  private final Hypervisor.Shadow shadow;
  private volatile Optional<CutLabel> newest;
  private volatile Optional<Reception> reception = Optional.empty();
  private volatile boolean lost;
  private final AtomicLong rotten = new AtomicLong();
  private final AtomicLong compared = new AtomicLong();
  private final AtomicLong differing = new AtomicLong();
  private final AtomicBoolean checking = new AtomicBoolean();
  private final Object receiving = new Object();
  private boolean shut;
  private LeaseGrant grant;
  private Optional<Verification> verification = Optional.empty();

  /** A verification that is under way or done, and of which epoch. */
  private record Verification(CutLabel of, CompletableFuture<Void> done) {}

  ShadowSide(Surroundings around, HostedVm vm, Hypervisor.Shadow shadow) {
    this.around = around;
    this.vm = vm;
    this.shadow = shadow;
    InstanceRecord.Seat seat = seat();
    // Said to an agent before us, perhaps, that was killed before it was done.
    seat.backTo().ifPresent(this::goBackAgain);
    newest = shadow.newest().flatMap(CutLabel::of);
    long now = around.clock().getAsLong();
    LeaseGrant begun = LeaseGrant.begun(around.settings().lease(), seat.primary(), now);
    grant = seat.renewalsStopped() ? begun.stop(Duration.ZERO, now) : begun;
    shadow.whenLost(this::lost);
  }

  /** Unless the epoch is gone, as after the machine was started anew: then there is no way back. */
  private void goBackAgain(long epoch) {
    if (shadow.kept().stream().anyMatch(manifest -> manifest.epoch() == epoch)) {
      shadow.rollBack(epoch);
    } else {
      vm.change(now -> now.withSeat(seat().goingBackTo(Optional.empty())));
    }
  }

  private InstanceRecord.Seat seat() {
    return vm.record().seat().orElseThrow();
  }

  Hypervisor.Shadow shadow() {
    return shadow;
  }

  // --- filling

  /** Free ports to take epochs in at, one per data address. */
  static List<Integer> freePorts(List<InetAddress> addresses) throws IOException {
    List<InetSocketAddress> any =
        addresses.stream().map(address -> new InetSocketAddress(address, 0)).toList();
    List<TcpListener> listeners = Reception.listeners(any, Optional.empty());
    List<Integer> ports = listeners.stream().map(l -> l.address().getPort()).toList();
    listeners.forEach(TcpListener::close);
    return ports;
  }

  /**
   * Takes epochs in from now on, unless they are not to be believed. Not to be called with this
   * side's monitor: see {@link #hush}.
   */
  void receive() {
    synchronized (receiving) {
      if (shut
          || seat().backTo().isPresent()
          || reception.filter(open -> !open.closing()).isPresent()) {
        return;
      }
      hush();
      InstanceRecord.Seat seat = seat();
      reception =
          Optional.of(
              new Reception(
                      vm.id().value(),
                      shadow.sink(),
                      sockets(seat),
                      seat.link(),
                      around.settings().stateKey(),
                      this::mayRenew,
                      around.settings().scrubbing().mibPerSecond() * (double) (1 << 20),
                      this)
                  .start());
    }
  }

  /**
   * Takes none in any more; what was begun is whole. Whoever receives may be asking for this side's
   * monitor meanwhile.
   */
  void hush() {
    shadow.hush();
    synchronized (receiving) {
      boolean received = reception.isPresent();
      reception.ifPresent(Reception::close);
      reception = Optional.empty();
      if (received) {
        // One may be whole here whose ack has waited for the tier store.
        shadow.newest().flatMap(CutLabel::of).ifPresent(label -> newest = Optional.of(label));
      }
    }
  }

  /**
   * Takes none in, whoever asks for it, until it is opened again: a primary that hears nothing asks
   * soon, and what it sent would go into files that are being moved.
   */
  void shut() {
    synchronized (receiving) {
      shut = true;
    }
    hush();
  }

  /** Takes epochs in again. */
  void open() {
    synchronized (receiving) {
      shut = false;
    }
    receive();
  }

  /** Leaves it as it is: the agent ends. */
  void letGo() {
    hush();
    shadow.letGo();
  }

  @Override
  public void committed(EpochManifest manifest) {
    CutLabel.of(manifest).ifPresent(label -> newest = Optional.of(label));
    if (isRestored()) {
      vm.change(now -> now.seat().map(seat -> now.withSeat(seat.filled())).orElse(now));
    }
  }

  /** Whether nothing has come here since it was taken out of the tier store. */
  private boolean isRestored() {
    return vm.record().seat().filter(InstanceRecord.Seat::restored).isPresent();
  }

  @Override
  public void rotten(int pages) {
    rotten.addAndGet(pages);
  }

  /** One at a time. */
  AnswerReport check(AnswerCheck check, Duration listen)
      throws HypervisorException, InterruptedException {
    if (!checking.compareAndSet(false, true)) {
      throw new HypervisorException("busy", "a check is under way");
    }
    try {
      AnswerReport report = check.run(listen);
      compared.addAndGet(report.compared());
      differing.addAndGet(report.differing());
      return report;
    } finally {
      checking.set(false);
    }
  }

  /** How many answers of the primary were held against a copy's. */
  long comparedAnswers() {
    return compared.get();
  }

  /** How many of them were not what they should be. */
  long differingAnswers() {
    return differing.get();
  }

  /** How many pages here have changed by themselves, and were sent again. */
  long rottenPages() {
    return rotten.get();
  }

  private List<InetSocketAddress> sockets(InstanceRecord.Seat seat) {
    List<InetSocketAddress> sockets = new ArrayList<>();
    for (int i = 0; i < seat.ports().size(); i++) {
      sockets.add(
          new InetSocketAddress(around.settings().dataAddresses().get(i), seat.ports().get(i)));
    }
    return sockets;
  }

  ShadowSeat offer() {
    InstanceRecord.Seat seat = seat();
    List<String> addresses =
        sockets(seat).stream()
            .map(at -> at.getAddress().getHostAddress() + ":" + at.getPort())
            .toList();
    return new ShadowSeat(addresses, seat.link(), isUpToDate(seat.orderedTerm()));
  }

  /** Whether it has a first full state, of whatever term. */
  boolean complete() {
    return newest.isPresent() && !lost;
  }

  /** Whether a primary of that term, or of a later one, has filled it. */
  boolean isUpToDate(long term) {
    return newest.filter(label -> label.term() >= term).isPresent() && !lost && !isRestored();
  }

  Optional<CutLabel> newest() {
    return newest;
  }

  ShadowProgress awaitTerm(long term, Duration wait) throws InterruptedException {
    long until = around.clock().getAsLong() + wait.toNanos();
    while (!isUpToDate(term) && !lost && around.clock().getAsLong() < until) {
      Thread.sleep(15);
    }
    CutLabel label = newest.orElse(new CutLabel(0, 0));
    return new ShadowProgress(isUpToDate(term), label.term(), label.epoch());
  }

  private void lost(String reason) {
    lost = true;
    around
        .outbox()
        .add(
            new Event.ShadowLost(
                around.wall().instant(), vm.id(), around.settings().host().id(), reason));
  }

  // --- the primary's lease

  /** Asked before anything is said to the primary. */
  synchronized boolean mayRenew() {
    if (grant.renew(around.clock().getAsLong()) instanceof LeaseGrant.Renews(LeaseGrant renewed)) {
      grant = renewed;
      return true;
    }
    return false;
  }

  /** The primary's agent asks, with the number under which we are to keep its lease. */
  LeaseCalls.Renewal renew(LeaseCalls.Renew call) {
    LeaseCalls.Renewal renewal = renewUnder(call);
    if (renewal.renewed()) {
      // It may have been told to stop before, under another number.
      receive();
    }
    return renewal;
  }

  private synchronized LeaseCalls.Renewal renewUnder(LeaseCalls.Renew call) {
    InstanceRecord.Seat seat = seat();
    if (lost || !call.primary().equals(seat.primary()) || call.number() < seat.keeps()) {
      return new LeaseCalls.Renewal(false, "another lease is kept here, number " + seat.keeps());
    }
    if (call.number() > seat.keeps()) {
      // Given by the controller while nobody waited for an end, so none is promised any more.
      vm.change(now -> now.withSeat(seat.keeping(call.number(), false)));
      grant = grant.takenUp(around.clock().getAsLong());
    }
    return mayRenew()
        ? new LeaseCalls.Renewal(true, "")
        : new LeaseCalls.Renewal(false, "it is to run out");
  }

  /** The controller wants it to run out, and to be told when it has. */
  synchronized LeaseCalls.End stop(LeaseCalls.Stop call) {
    InstanceRecord.Seat seat = seat();
    boolean ours =
        call.number() == seat.keeps() || (call.inForce() && call.number() > seat.keeps());
    if (!call.primary().equals(seat.primary()) || !ours) {
      return new LeaseCalls.End(
          false,
          false,
          Duration.ZERO,
          false,
          "asked about lease %d of %s, number %d of %s is kept here"
              .formatted(call.number(), call.primary(), seat.keeps(), seat.primary()));
    }
    if (!seat.renewalsStopped() || call.number() > seat.keeps()) {
      vm.change(now -> now.withSeat(seat.keeping(call.number(), true)));
    }
    long now = around.clock().getAsLong();
    grant = grant.stop(call.controllerSilent(), now);
    // From now on no epoch that comes can be acked.
    shadow.hush();
    reception.ifPresent(Reception::closeSoon);
    beginVerifying();
    return switch (grant.end(now)) {
      case LeaseGrant.RanOut(Duration ago) ->
          new LeaseCalls.End(
              true, true, ago, false, "lease ran out %d ms ago".formatted(ago.toMillis()));
      case LeaseGrant.MayRun(Duration left) ->
          new LeaseCalls.End(
              true, false, left, false, "lease may run for %d ms".formatted(left.toMillis()));
    };
  }

  /** The primary serves on. */
  void takeUp() {
    synchronized (this) {
      InstanceRecord.Seat seat = seat();
      vm.change(
          now -> now.withSeat(seat.keeping(seat.keeps(), false).goingBackTo(Optional.empty())));
      grant = grant.takenUp(around.clock().getAsLong());
      shadow.goForward();
    }
    receive();
  }

  // --- taking over

  /** Goes back to an older epoch, and takes in no newer ones: somebody doubts them. */
  void rollBack(long number) {
    // Remembered first: a primary that lives on asks for its epochs to be taken in again.
    synchronized (this) {
      InstanceRecord.Seat seat = seat();
      vm.change(now -> now.withSeat(seat.goingBackTo(Optional.of(number))));
    }
    hush();
    shadow.rollBack(number);
    newest = shadow.newest().flatMap(CutLabel::of);
  }

  /** The same with an epoch that only the tier store has. */
  void fetch(EpochManifest stored) throws HypervisorException {
    shut();
    try {
      shadow.fetch(stored);
      // What comes now would be newer again than what somebody went back to.
      shadow.newest().map(EpochManifest::epoch).ifPresent(this::rollBack);
      newest = shadow.newest().flatMap(CutLabel::of);
    } finally {
      open();
    }
  }

  /** Reads the newest state back, beside whatever else has to be waited for. */
  synchronized void beginVerifying() {
    Optional<CutLabel> of = newest;
    boolean known = verification.map(Verification::of).equals(of);
    if (of.isEmpty() || known) {
      return;
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    verification = Optional.of(new Verification(of.get(), done));
    Thread.ofVirtual()
        .start(() -> {
          try {
            shadow.verify();
            done.complete(null);
          } catch (HypervisorException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
  }

  /** Whether the newest state was read back whole; waits for it. */
  void verified() throws HypervisorException {
    beginVerifying();
    CompletableFuture<Void> done;
    synchronized (this) {
      done = verification.orElseThrow().done();
    }
    try {
      done.join();
    } catch (CompletionException e) {
      synchronized (this) {
        verification = Optional.empty();
      }
      throw new HypervisorException("not-verified", String.valueOf(e.getMessage()), e);
    }
  }

  InstanceReport report() {
    InstanceRecord record = vm.record();
    CutLabel label = newest.orElse(new CutLabel(0, 0));
    return new InstanceReport(
        vm.id(),
        Role.SHADOW,
        lost ? State.STOPPED : isRestored() ? State.RESTORED : State.WAITING,
        record.mode(),
        record.held(),
        complete(),
        label.term(),
        label.epoch(),
        seat().keeps(),
        Optional.empty(),
        List.of());
  }
}
