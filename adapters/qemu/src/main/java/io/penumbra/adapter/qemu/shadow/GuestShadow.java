package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.capture.DeviceState;
import io.penumbra.adapter.qemu.capture.FileSystems;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.GuestStatus;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.file.DirectorySink;
import io.penumbra.sync.file.DirectoryStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * The shadow of one guest on this host: its state as files that follow the primary epoch by epoch,
 * and, while it is warm, a QEMU that waits with these very files as its memory and disks. Cold is
 * the same without the QEMU. So a shadow changes between the two at any time, and goes on receiving
 * meanwhile.
 *
 * <p>{@link #sink} takes epochs, on one thread; that thread must have ended before {@link
 * #promote}. The other calls come from one thread at a time.
 */
public final class GuestShadow implements AutoCloseable {

  private static final Duration KILL = Duration.ofSeconds(10);

  private final ShadowPlan plan;
  private final LaunchSettings settings;
  private final ShadowSink sink;
  private Optional<QemuGuest> waiting;
  private Optional<String> unfit = Optional.empty();

  private GuestShadow(
      ShadowPlan plan, LaunchSettings settings, ShadowSink sink, Optional<QemuGuest> waiting) {
    this.plan = plan;
    this.settings = settings;
    this.sink = sink;
    this.waiting = waiting;
  }

  /**
   * Makes a shadow, or takes up one that was made from the same directory before: what it has of
   * the VM's state is kept, and a QEMU that still waits is adopted.
   *
   * @return refused if a QEMU here would not be the same as the primary's, with what differs
   */
  public static Reply<GuestShadow> create(
      ShadowPlan plan, ShadowMode mode, LaunchSettings settings) {
    try {
      ShadowFiles.prepare(plan);
      DirectorySink sink = DirectorySink.on(plan.state(), plan.retention());
      GuestShadow shadow =
          new GuestShadow(plan, settings, new ShadowSink(plan, sink), stillWaiting(plan));
      Reply<GuestShadow> ready =
          switch (mode) {
            case WARM -> shadow.warmUp();
            case COLD -> shadow.coolDown();
            case NONE -> Reply.refused("a shadow of mode NONE is no shadow");
          };
      if (!ready.isDone()) {
        shadow.close();
      }
      return ready;
    } catch (IOException | IllegalStateException e) {
      return Reply.refused("%s: %s".formatted(plan.directory(), e.getMessage()));
    }
  }

  /** What has begun to take a state, or to run, waits no more: it ends, and another will wait. */
  private static Optional<QemuGuest> stillWaiting(ShadowPlan plan) throws IOException {
    Optional<QemuGuest> there = QemuGuest.adopt(plan.directory(), KILL).found();
    if (there.isEmpty()) {
      return there;
    }
    QemuGuest guest = there.get();
    Optional<GuestStatus.Phase> phase = guest.status().found().map(GuestStatus::phase);
    if (phase.equals(Optional.of(GuestStatus.Phase.WAITING))) {
      return there;
    }
    if (!phase.equals(Optional.of(GuestStatus.Phase.PAUSED))) {
      ShadowFiles.mayRun(plan);
    }
    Reply<Long> ended = guest.kill(KILL);
    guest.close();
    if (!ended.isDone()) {
      throw new IOException("its QEMU does not wait: " + ended.refusal().orElse(""));
    }
    return Optional.empty();
  }

  /** Takes up a shadow that another agent process has made, in the mode in which it is. */
  public static Reply<GuestShadow> adopt(Path directory, LaunchSettings settings) {
    try {
      ShadowPlan plan = ShadowFiles.read(directory);
      Optional<QemuGuest> running = QemuGuest.adopt(directory, KILL).found();
      running.ifPresent(QemuGuest::close);
      return create(plan, running.isPresent() ? ShadowMode.WARM : ShadowMode.COLD, settings);
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(directory, e.getMessage()));
    }
  }

  public VmId vm() {
    return plan.spec().vm();
  }

  public ShadowPlan plan() {
    return plan;
  }

  /** Warm while a QEMU waits. */
  public ShadowMode mode() {
    return waiting.isPresent() ? ShadowMode.WARM : ShadowMode.COLD;
  }

  /** Where its state goes; use it on one thread. */
  public StateSink sink() {
    return sink;
  }

  /** The QEMU that waits, if it is warm. */
  public Optional<QemuGuest> waiting() {
    return waiting;
  }

  /** The newest epoch it could go on with; empty while the first arrives. */
  public Optional<EpochManifest> newest() {
    return sink.newest();
  }

  /** The epochs it could go on with, oldest first. */
  public Reply<List<EpochManifest>> kept() {
    try {
      return Reply.done(
          DirectoryStatus.read(plan.state()).kept().stream()
              .map(DirectoryStatus.Kept::manifest)
              .toList());
    } catch (IOException | BadInputException e) {
      return Reply.refused("%s: %s".formatted(plan.state(), e.getMessage()));
    }
  }

  /** Has a QEMU wait from now on. */
  public Reply<GuestShadow> warmUp() {
    if (waiting.isPresent() && waiting.get().isAlive()) {
      return Reply.done(this);
    }
    Optional<String> lacks = plan.primary().uncarried();
    if (lacks.isPresent()) {
      unfit = Optional.of("no other QEMU can have its " + lacks.get());
      return Reply.refused(
          "a shadow of %s could not go on with its state anywhere: no other QEMU can have its %s"
              .formatted(vm(), lacks.get()));
    }
    return QemuGuest.launchWaiting(plan.spec().withDisks(disks()), plan.home(), settings)
        .then(guest -> {
          Optional<String> mismatch = mismatch(guest);
          unfit = mismatch;
          if (mismatch.isPresent()) {
            guest.kill(KILL);
            guest.close();
            return Reply.refused(
                "a shadow of %s here could not go on with its state: %s"
                    .formatted(vm(), mismatch.get()));
          }
          waiting = Optional.of(guest);
          return Reply.done(this);
        });
  }

  private Optional<String> mismatch(QemuGuest guest) {
    return switch (guest.identity()) {
      case Reply.Done<GuestIdentity>(GuestIdentity here) -> plan.primary().whyNot(here);
      case Reply.Refused<GuestIdentity>(String reason) -> Optional.of(reason);
      case Reply.Unknown<GuestIdentity>(String reason) -> Optional.of(reason);
    };
  }

  /**
   * Why the memory and devices that it has can't be gone on with on this host, as the last attempt
   * showed; empty if nothing speaks against it.
   */
  public Optional<String> unfit() {
    return unfit;
  }

  /** Whether a guest may be running on its state: it was told to, and could not be ended. */
  public boolean mayRun() {
    return waiting.filter(QemuGuest::isAlive).isPresent() && Files.exists(ShadowFiles.ran(plan));
  }

  private List<Disk> disks() {
    return plan.spec().disks().stream()
        .map(disk -> Disk.raw(disk.name(), ShadowFiles.image(plan, disk.name())))
        .toList();
  }

  /** Has no QEMU wait any more; its state is kept and goes on following. */
  public Reply<GuestShadow> coolDown() {
    if (waiting.isEmpty()) {
      return Reply.done(this);
    }
    QemuGuest guest = waiting.get();
    return guest
        .kill(KILL)
        .map(_ -> {
          guest.close();
          waiting = Optional.empty();
          return this;
        });
  }

  /**
   * Makes it the guest, with the state of the newest epoch or of an earlier one that is kept. Call
   * it only when the primary can't serve any more. If it is refused, nothing runs, and it may be
   * tried again; if something ran for a moment, the state is read back before.
   */
  public Reply<Promotion> promote(OptionalLong epoch) {
    long start = System.nanoTime();
    return warmUp()
        .then(_ -> {
          long started = System.nanoTime();
          return sink.settle(epoch).then(settled -> goOn(settled, start, started));
        });
  }

  private Reply<Promotion> goOn(Settled settled, long start, long started) {
    long stated = System.nanoTime();
    QemuGuest guest = waiting.orElseThrow();
    Reply<GuestStatus> load =
        untouched(settled)
            .then(Settled::devices)
            .then(state -> DeviceLoad.into(guest, state, plan.primary().machine()));
    unfit =
        load instanceof Reply.Refused<GuestStatus>(String why)
            ? Optional.of(why)
            : Optional.empty();
    Reply<Promotion> promoted =
        load.then(_ -> {
          long loaded = System.nanoTime();
          return serve(guest)
              .then(forwards -> {
                FileSystems.thawSoon(guest);
                Promotion.Times times =
                    new Promotion.Times(
                        Duration.ofNanos(started - start),
                        Duration.ofNanos(stated - started),
                        Duration.ofNanos(loaded - stated),
                        Duration.ofNanos(System.nanoTime() - loaded));
                return handOver(guest, settled.manifest(), forwards, times);
              });
        });
    return promoted.isDone() ? promoted : endHalfPromoted(guest, promoted);
  }

  /** What a guest has run on is not what an epoch had, and no other guest can go on with it. */
  private Reply<Settled> untouched(Settled settled) {
    return Files.exists(ShadowFiles.ran(plan)) && !sink.isWhole(settled.manifest())
        ? Reply.refused(
            "a guest has run on its memory or disks since epoch %d"
                .formatted(settled.manifest().epoch()))
        : Reply.done(settled);
  }

  private Reply<List<PortForward>> serve(QemuGuest guest) {
    try {
      ShadowFiles.mayRun(plan);
      return guest.serve();
    } catch (IOException e) {
      return Reply.unknown("%s: %s".formatted(plan.directory(), e.getMessage()));
    }
  }

  /**
   * Boots the guest anew from its disks as they were at an epoch, for when its memory is not to be
   * trusted. It serves at once.
   */
  public Reply<QemuGuest> bootFromDisks(OptionalLong epoch) {
    if (plan.spec().disks().isEmpty()) {
      return Reply.refused("%s has no disks to boot from".formatted(vm()));
    }
    return coolDown()
        .then(_ -> sink.settle(epoch))
        .then(_ -> {
          try {
            sink.close();
            Reply<QemuGuest> booted =
                QemuGuest.launch(plan.spec().withDisks(disks()), plan.home(), settings);
            if (booted.isDone()) {
              forgetEpochs();
            }
            return booted;
          } catch (IOException e) {
            return Reply.refused("%s: %s".formatted(plan.directory(), e.getMessage()));
          }
        });
  }

  /**
   * It may run, or have taken a state, and have answered too late: nobody would know of it, and the
   * next epoch's memory does not go with these devices. So it ends.
   */
  private Reply<Promotion> endHalfPromoted(QemuGuest guest, Reply<Promotion> why) {
    return guest
        .kill(KILL)
        .then(_ -> {
          guest.close();
          waiting = Optional.empty();
          return why;
        });
  }

  private Reply<Promotion> handOver(
      QemuGuest guest, EpochManifest epoch, List<PortForward> forwards, Promotion.Times times) {
    return guest
        .becomePrimary()
        .map(_ -> {
          waiting = Optional.empty();
          return new Promotion(guest, epoch, forwards, plan.primary(), times, tidyUp());
        });
  }

  /** It serves already: what could not be removed only takes room until the VM leaves. */
  private void forgetEpochs() {
    try {
      ShadowFiles.forgetEpochs(plan);
    } catch (IOException e) {
      // As said.
    }
  }

  /** Nobody who waits for the guest need wait for its past to be removed. */
  private CompletableFuture<Optional<String>> tidyUp() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            sink.close();
            ShadowFiles.forgetEpochs(plan);
            return Optional.empty();
          } catch (IOException | RuntimeException e) {
            return Optional.of(
                "%s runs, but its old epochs can't be removed: %s".formatted(vm(), e.getMessage()));
          }
        },
        task -> Thread.ofPlatform().name("tidy " + vm()).start(task));
  }

  /** Ends it and removes its files. */
  public Reply<VmId> delete() {
    return coolDown()
        .then(_ -> {
          try {
            sink.close();
            ShadowFiles.delete(plan);
            return Reply.done(vm());
          } catch (IOException e) {
            return Reply.unknown("%s: %s".formatted(plan.directory(), e.getMessage()));
          }
        });
  }

  /** Removes what an attempt left there that never became a shadow; nothing runs on it. */
  public static Reply<ShadowPlan> remove(ShadowPlan plan) {
    try {
      ShadowFiles.delete(plan);
      return Reply.done(plan);
    } catch (IOException e) {
      return Reply.unknown("%s: %s".formatted(plan.directory(), e.getMessage()));
    }
  }

  /** Lets go of it: a QEMU that waits goes on waiting, and its files stay. */
  @Override
  public void close() {
    waiting.ifPresent(QemuGuest::close);
    try {
      sink.close();
    } catch (IOException _) {
      // What was committed is durable; what was not will be sent again.
    }
  }

  /**
   * A state that is settled: nothing will be written to it any more.
   *
   * @param devices as the epoch has them; refused if what is here is no state of devices
   */
  record Settled(EpochManifest manifest, Reply<DeviceState> devices) {}
}
