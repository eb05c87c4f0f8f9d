package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.capture.CaptureSettings;
import io.penumbra.adapter.qemu.capture.FileSystems;
import io.penumbra.adapter.qemu.capture.QemuSource;
import io.penumbra.adapter.qemu.guest.CarriedLine;
import io.penumbra.adapter.qemu.guest.GuestCounters;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.shadow.Promotion;
import io.penumbra.sync.epoch.StateSource;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** A guest in a QEMU process, as the agent sees it. One that is frozen has no monitor to ask. */
final class QemuHosted implements Hypervisor.Guest {

  private static final long LOOK_NANOS = 500_000;
  private static final long VITALS_NANOS = 1_000_000_000L;

  private final Keeper keeper;
  private final long pid;
  private final long startTicks;
  private volatile Optional<QemuGuest> qemu;
  private volatile Consumer<String> gone = symptom -> {};
  private volatile List<PortForward> ports = List.of();
  private volatile SortedMap<String, Double> vitals = new TreeMap<>();
  private volatile long vitalsAt = System.nanoTime() - VITALS_NANOS;
  private volatile Optional<JsonNode> identity = Optional.empty();
  private Optional<String> bootedBecause = Optional.empty();
  private CompletableFuture<Optional<String>> tidied =
      CompletableFuture.completedFuture(Optional.empty());

  QemuHosted(Keeper keeper, QemuGuest guest) {
    this.keeper = keeper;
    this.pid = guest.pid();
    keeper.letOut(pid);
    this.startTicks = Signals.stat(pid).startTicks();
    this.qemu = Optional.of(guest);
    guest.onGone(() -> died(guest));
    ports = guest.forwards().found().orElse(List.of());
    identity = identityOf(guest);
  }

  private static Optional<JsonNode> identityOf(QemuGuest guest) {
    return guest.identity().found().map(identity -> Identity.of(identity, guest));
  }

  /** What was a shadow, and had to be booted. */
  static QemuHosted booted(Keeper keeper, QemuGuest guest, String why) {
    QemuHosted hosted = new QemuHosted(keeper, guest);
    hosted.bootedBecause = Optional.of(why);
    return hosted;
  }

  /** A shadow that has come to life: all there is to know of it is known. */
  QemuHosted(Keeper keeper, Promotion promotion) {
    this.keeper = keeper;
    QemuGuest guest = promotion.guest();
    this.pid = guest.pid();
    // Starts processes, and clients wait.
    Thread.ofVirtual().start(() -> keeper.letOut(pid));
    this.startTicks = Signals.stat(pid).startTicks();
    this.qemu = Optional.of(guest);
    guest.onGone(() -> died(guest));
    ports = promotion.forwards();
    identity = Optional.of(Identity.of(promotion.identity(), guest));
    tidied = promotion.tidied();
  }

  QemuHosted(Keeper keeper, long frozenPid) {
    this.keeper = keeper;
    this.pid = frozenPid;
    this.startTicks = Signals.stat(frozenPid).startTicks();
    this.qemu = Optional.empty();
  }

  /** Its monitor has hung up: within moments of its death, or because somebody let go of it. */
  private void died(QemuGuest guest) {
    long until = System.nanoTime() + 500_000_000L;
    while (alive() && System.nanoTime() < until) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    if (!alive() && qemu.filter(guest::equals).isPresent()) {
      gone.accept("its QEMU process %d has ended".formatted(pid));
    }
  }

  private QemuGuest monitor() throws HypervisorException {
    return qemu.orElseThrow(
        () -> new HypervisorException("frozen", "process %d stands still".formatted(pid)));
  }

  @Override
  public long pid() {
    return pid;
  }

  @Override
  public Optional<JsonNode> identity() {
    return identity;
  }

  @Override
  public boolean isLent() {
    return keeper.lends();
  }

  @Override
  public boolean wasStopped() {
    return qemu.filter(QemuGuest::wasStopped).isPresent();
  }

  @Override
  public Optional<String> bootedBecause() {
    return bootedBecause;
  }

  @Override
  public boolean alive() {
    Signals.Stat stat = Signals.stat(pid);
    return stat.alive() && stat.startTicks() == startTicks;
  }

  @Override
  public StateSource source() throws HypervisorException {
    return QemuHypervisor.done("not-captured", QemuSource.open(monitor(), CaptureSettings.DEFAULT));
  }

  @Override
  public void pause() throws HypervisorException {
    QemuHypervisor.done("not-paused", monitor().pause());
  }

  @Override
  public void resume() throws HypervisorException {
    QemuGuest guest = monitor();
    QemuHypervisor.done("not-resumed", guest.resume());
    FileSystems.thawSoon(guest);
  }

  @Override
  public void freeze() {
    if (alive()) {
      Signals.send(pid, Signals.STOP);
    }
  }

  @Override
  public void thaw() {
    if (!alive()) {
      return;
    }
    Signals.send(pid, Signals.CONT);
    if (qemu.isEmpty()) {
      keeper
          .takeUp()
          .found()
          .ifPresent(guest -> {
            guest.onGone(() -> died(guest));
            qemu = Optional.of(guest);
            ports = guest.forwards().found().orElse(List.of());
            identity = identityOf(guest);
          });
    }
  }

  @Override
  public boolean frozen() {
    return Signals.stat(pid).frozen();
  }

  @Override
  public void kill() throws HypervisorException {
    Optional<QemuGuest> monitored = qemu;
    qemu = Optional.empty();
    if (alive()) {
      kill(pid);
    }
    monitored.ifPresent(QemuGuest::close);
    // Its directory is somebody else's from here on.
    tidied.join();
  }

  /** On return that process can do nothing any more. */
  static void kill(long pid) throws HypervisorException {
    long ticks = Signals.stat(pid).startTicks();
    Signals.send(pid, Signals.KILL);
    long until = System.nanoTime() + QemuHypervisor.PATIENCE.toNanos();
    Signals.Stat now = Signals.stat(pid);
    while (now.alive() && now.startTicks() == ticks) {
      if (System.nanoTime() > until) {
        throw new HypervisorException("not-killed", "process %d still lives".formatted(pid));
      }
      LockSupport.parkNanos(LOOK_NANOS);
      now = Signals.stat(pid);
    }
  }

  @Override
  public void letGo() {
    Optional<QemuGuest> monitored = qemu;
    qemu = Optional.empty();
    monitored.ifPresent(QemuGuest::close);
    tidied.join();
  }

  @Override
  public Optional<InetSocketAddress> port(String name) {
    // Ports have no names in a guest's description: a number is the guest's own.
    if (ports.isEmpty()) {
      qemu.ifPresent(guest -> ports = guest.forwards().found().orElse(List.of()));
    }
    return ports.stream()
        .filter(forward -> name.equals(String.valueOf(forward.guestPort())))
        .map(forward -> new InetSocketAddress(forward.address(), forward.hostPort()))
        .findFirst()
        .or(() ->
            qemu.flatMap(guest -> guest.spec().carried())
                .flatMap(CarriedLine::address)
                .map(address -> new InetSocketAddress(address, Integer.parseInt(name))));
  }

  @Override
  public void whenGone(Consumer<String> symptom) {
    gone = symptom;
    if (!alive()) {
      symptom.accept("its QEMU process %d has ended".formatted(pid));
    }
  }

  /** Counters of a second ago at most; asked beside the cut, never in it. */
  @Override
  public SortedMap<String, Double> vitals() {
    if (System.nanoTime() - vitalsAt >= VITALS_NANOS) {
      vitalsAt = System.nanoTime();
      Thread.ofVirtual().start(this::count);
    }
    return vitals;
  }

  private void count() {
    Optional<GuestCounters> counters =
        qemu.map(QemuGuest::counters).flatMap(reply -> reply.found());
    if (counters.isEmpty()) {
      return;
    }
    NavigableMap<String, Double> now = new TreeMap<>();
    GuestCounters found = counters.get();
    now.put("guest.cpuSeconds", seconds(found.process()));
    now.put("guest.residentMib", (double) (found.residentBytes() >> 20));
    now.put("guest.majorFaults", (double) found.majorFaults());
    found
        .disks()
        .forEach((disk, io) -> {
          now.put(disk + ".readBytes", (double) io.readBytes());
          now.put(disk + ".writtenBytes", (double) io.writtenBytes());
        });
    vitals = now;
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }

  /** By the weight of a control group of its own. */
  @Override
  public void share(int weight) throws HypervisorException {
    QemuHypervisor.done("not-here", keeper.weigh(pid, weight));
  }
}
