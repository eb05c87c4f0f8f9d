package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.RestoreOrder;
import io.penumbra.adapter.qemu.api.ShadowOrder;
import io.penumbra.adapter.qemu.api.ShadowSeat;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * What an agent does when it is told to: the same rules as the simulator's agents keep. Every order
 * looks at what is there before it acts, so that giving it again has the effect of once.
 */
final class AgentWork {

  private static final Outcome DONE = new Outcome.Done();

  private final Surroundings around;
  private final VmShelf shelf;
  private final SecureRandom random = new SecureRandom();

  /**
   * Held while a VM is taken out of the tier store, which may last, and by whoever would find
   * nothing of it meanwhile, or put something in its place; other VMs don't wait for it.
   */
  private final Map<VmId, ReentrantLock> restoring = new ConcurrentHashMap<>();

  AgentWork(Surroundings around, VmShelf shelf) {
    this.around = around;
    this.shelf = shelf;
  }

  /** Something done to one VM while nobody else does anything to it. */
  private interface Deed {
    Outcome on(HostedVm vm) throws HypervisorException, InterruptedException, IOException;
  }

  /** Something done while nobody takes the VM out of the tier store. */
  private interface Turn<T> {
    T take() throws InterruptedException;
  }

  private <T> T inTurn(VmId id, Turn<T> turn) throws InterruptedException {
    ReentrantLock lock = restoring.computeIfAbsent(id, vm -> new ReentrantLock());
    lock.lockInterruptibly();
    try {
      return turn.take();
    } finally {
      lock.unlock();
    }
  }

  private HostId here() {
    return around.settings().host().id();
  }

  // --- commands

  Outcome carryOut(Command command) throws InterruptedException {
    return switch (command) {
      case Command.ChangeShadowMode c ->
          onShadow(c.vm(), (vm, shadow) -> changeMode(vm, shadow, c.mode()));
      case Command.ResizeShadow c ->
          onShadow(c.vm(), (vm, shadow) -> hold(vm, shadow, c.resident()));
      case Command.AllocateShadow c ->
          onShadow(
              c.vm(),
              (vm, shadow) -> {
                shadow.beginVerifying();
                return hold(vm, shadow, c.size());
              });
      case Command.DeleteShadow c -> inTurn(c.vm(), () -> deleteShadow(c.vm()));
      case Command.SetEpochInterval c -> onPrimary(c.vm(), "no-vm", p -> every(p, c));
      case Command.SyncLast c ->
          c.primary().filter(here()::equals).isPresent() ? pauseAndSync(c) : newest(c);
      case Command.ResumePrimary c -> onPrimary(c.vm(), "no-instance", p -> p.resume(c.term()));
      case Command.Activate c -> activate(c);
      case Command.VerifyService c -> verify(c.vm());
      case Command.RetirePrimary c -> retire(c.vm());
      case Command.FenceVm c -> fence(c);
      case Command.CreateShadow c -> notHere(c.id());
      case Command.ProbeHost c -> notHere(c.id());
      case Command.SetQuarantine c -> notHere(c.id());
      case Command.FenceHost c -> notHere(c.id());
      case Command.ExpireLease c -> notHere(c.id());
      case Command.PointLoadBalancer c -> notHere(c.id());
      case Command.PointDns c -> notHere(c.id());
      case Command.SetDnsTtl c -> notHere(c.id());
    };
  }

  private static Outcome notHere(CommandId id) {
    return new Outcome.Failed("not-here", "no agent carries out %s alone".formatted(id));
  }

  /** Does it to what is there of a VM; where nothing is, that is the outcome. */
  private Outcome on(VmId id, Supplier<Outcome> nothing, Deed deed) throws InterruptedException {
    while (true) {
      Optional<HostedVm> there = shelf.find(id);
      if (there.isEmpty()) {
        return nothing.get();
      }
      Optional<Outcome> outcome = locked(there.get(), deed);
      if (outcome.isPresent()) {
        return outcome.get();
      }
    }
  }

  /** Does it to what is there of a VM, or to something new. */
  private Outcome onNew(VmId id, Supplier<InstanceRecord> fresh, Deed deed)
      throws InterruptedException {
    while (true) {
      Optional<Outcome> outcome = locked(shelf.findOrAdd(id, fresh), deed);
      if (outcome.isPresent()) {
        return outcome.get();
      }
    }
  }

  /** Empty if whoever had the lock before has removed it: what is done to it is lost. */
  private Optional<Outcome> locked(HostedVm vm, Deed deed) throws InterruptedException {
    vm.lock().lockInterruptibly();
    try {
      return shelf.find(vm.id()).equals(Optional.of(vm))
          ? Optional.of(deed.on(vm))
          : Optional.empty();
    } catch (HypervisorException e) {
      return Optional.of(new Outcome.Failed(e.code(), e.text()));
    } catch (IOException e) {
      return Optional.of(new Outcome.Failed("io", String.valueOf(e.getMessage())));
    } finally {
      vm.lock().unlock();
    }
  }

  private interface ShadowDeed {
    Outcome on(HostedVm vm, ShadowSide shadow) throws HypervisorException;
  }

  private Outcome onShadow(VmId id, ShadowDeed deed) throws InterruptedException {
    return on(
        id,
        () -> noShadow(id),
        vm -> vm.shadow().isPresent() ? deed.on(vm, vm.shadow().get()) : noShadow(id));
  }

  private Outcome.Failed noShadow(VmId id) {
    return new Outcome.Failed("no-shadow", "no shadow of %s on %s".formatted(id, here()));
  }

  private interface PrimaryDeed {
    Outcome on(PrimarySide primary) throws HypervisorException, InterruptedException;
  }

  private Outcome onPrimary(VmId id, String code, PrimaryDeed deed) throws InterruptedException {
    Outcome none = new Outcome.Failed(code, "no instance of %s on %s".formatted(id, here()));
    return on(id, () -> none, vm -> vm.primary().isPresent() ? deed.on(vm.primary().get()) : none);
  }

  // --- VMs

  /** Starts a VM that its cloud wants here, or describes one anew that is here. */
  Outcome start(VmSpec spec) throws InterruptedException {
    return inTurn(
        spec.vm().id(),
        () ->
            onNew(
                spec.vm().id(),
                () -> InstanceRecord.primary(spec, 0, 0).withStopped(true),
                known -> start(known, spec)));
  }

  private Outcome start(HostedVm vm, VmSpec spec) throws HypervisorException {
    if (vm.shadow().isPresent()) {
      // What its primary's hypervisor is, only the order to prepare it has said.
      vm.change(now -> now.withSpec(spec.withIdentity(now.spec().identity())));
      return DONE;
    }
    if (vm.primary().isPresent()) {
      boolean changed = !vm.record().spec().vm().policy().equals(spec.vm().policy());
      vm.change(now -> now.withSpec(spec));
      if (changed) {
        around
            .outbox()
            .add(new Event.VmPolicyChanged(around.wall().instant(), vm.id(), spec.vm().policy()));
      }
      return DONE;
    }
    vm.save(InstanceRecord.primary(spec, 0, 0).withStopped(true));
    PrimarySide primary = new PrimarySide(around, vm, 0);
    vm.becomes(primary);
    try {
      primary.boot(() ->
          around.outbox().add(new Event.VmCreated(around.wall().instant(), spec.vm(), here())));
    } catch (HypervisorException e) {
      shelf.forget(vm);
      throw e;
    }
    return DONE;
  }

  /** Its owner wants it no more; a guest that was only lent stays, and is looked after no more. */
  Outcome delete(VmId id) throws InterruptedException {
    Optional<PrimarySide> lent =
        shelf.find(id).flatMap(HostedVm::primary).filter(PrimarySide::isLent);
    Outcome outcome = lent.isPresent() ? release(id) : remove(id);
    if (outcome.equals(DONE)) {
      around.outbox().add(new Event.VmDeleted(around.wall().instant(), id));
    }
    return outcome;
  }

  /**
   * Its owner has its guest elsewhere, so it is looked after no more, as if he had asked for that.
   * Tried again by whoever asked, if it did not work.
   */
  void leave(VmId id) {
    try {
      on(
          id,
          () -> DONE,
          vm -> {
            letGo(vm);
            around.outbox().add(new Event.VmDeleted(around.wall().instant(), id));
            return DONE;
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Outcome release(VmId id) throws InterruptedException {
    return onPrimary(
        id,
        "no-instance",
        primary -> {
          if (!primary.serves()) {
            return new Outcome.Failed(
                "not-serving",
                "it is %s; it is let go of while it serves".formatted(primary.state()));
          }
          letGo(shelf.find(id).orElseThrow());
          return DONE;
        });
  }

  /** Its guest stays, and nothing of it is remembered here. */
  private void letGo(HostedVm vm) throws HypervisorException {
    vm.primary().ifPresent(PrimarySide::release);
    around.hypervisor().forget(vm.id());
    shelf.forget(vm);
  }

  /** Removes what is left of an instance that must not serve any more. */
  private Outcome retire(VmId id) throws InterruptedException {
    return shelf.find(id).flatMap(HostedVm::primary).isEmpty() ? DONE : remove(id);
  }

  private Outcome remove(VmId id) throws InterruptedException {
    return on(
        id,
        () -> DONE,
        vm -> {
          if (vm.primary().isPresent()) {
            vm.primary().get().kill();
            around.hypervisor().remove(id);
            shelf.forget(vm);
          }
          return DONE;
        });
  }

  private static Outcome every(PrimarySide primary, Command.SetEpochInterval command) {
    primary.every(command.interval());
    return DONE;
  }

  private Outcome verify(VmId id) throws InterruptedException {
    // Without the lock: a question must not wait for an order that takes long.
    Optional<PrimarySide> primary = shelf.find(id).flatMap(HostedVm::primary);
    return primary.isEmpty()
        ? new Outcome.Failed("no-answer", "no instance of %s on %s".formatted(id, here()))
        : primary.get().verify();
  }

  private Outcome fence(Command.FenceVm command) throws InterruptedException {
    Outcome fenced =
        new Outcome.FencingAnswered(
            new FencingResult.Fenced("its agent on %s says it is stopped".formatted(here())));
    return on(
        command.vm(),
        () -> endStray(command.vm(), fenced),
        vm -> {
          if (vm.primary().isPresent()) {
            vm.primary().get().kill();
          } else if (vm.shadow().filter(side -> side.shadow().mayRun()).isPresent()) {
            around.hypervisor().end(vm.id());
          }
          return fenced;
        });
  }

  /** Nothing is known of it here, which is not to say that nothing runs. */
  private Outcome endStray(VmId vm, Outcome fenced) {
    try {
      around.hypervisor().end(vm);
      return fenced;
    } catch (HypervisorException e) {
      return new Outcome.Failed(e.code(), e.text());
    }
  }

  // --- shadows

  /** What came of an order to prepare. */
  sealed interface Prepared {
    record Seated(ShadowSeat seat) implements Prepared {}

    record Refused(Outcome.Failed why) implements Prepared {}
  }

  /** Makes a shadow ready to be filled; the same one asked for again is joined. */
  Prepared prepare(ShadowOrder order) throws InterruptedException {
    VmId id = order.spec().vm().id();
    if (order.refill() && shelf.find(id).flatMap(HostedVm::shadow).isEmpty()) {
      return new Prepared.Refused(
          shelf.find(id).flatMap(HostedVm::primary).isPresent() ? occupied(id) : noShadow(id));
    }
    if (order.primary().equals(here())) {
      return new Prepared.Refused(
          new Outcome.Failed("occupied", "%s is its primary's host".formatted(here())));
    }
    return inTurn(id, () -> prepareNow(id, order));
  }

  private Prepared prepareNow(VmId id, ShadowOrder order) throws InterruptedException {
    Outcome outcome = onNew(id, () -> fresh(order), known -> prepare(known, order));
    if (outcome instanceof Outcome.Failed why) {
      return new Prepared.Refused(why);
    }
    Optional<ShadowSide> seated = shelf.find(id).flatMap(HostedVm::shadow);
    return seated.isPresent()
        ? new Prepared.Seated(seated.get().offer())
        : new Prepared.Refused(noShadow(id));
  }

  private Outcome prepare(HostedVm known, ShadowOrder order)
      throws HypervisorException, IOException {
    if (known.primary().isPresent()) {
      return occupied(known.id());
    }
    return known.shadow().isPresent() ? join(known, order) : seat(known, order);
  }

  /** Makes a shadow of what is stored; where a whole one stands already, that is it. */
  Outcome restore(VmId id, RestoreOrder order) throws InterruptedException {
    // What it is stands in the store, so nothing can be remembered before that was read.
    return inTurn(id, () -> restoreNow(id, order));
  }

  private Outcome restoreNow(VmId id, RestoreOrder order) throws InterruptedException {
    try {
      Optional<HostedVm> there = shelf.find(id);
      if (there.isEmpty()) {
        return bring(id, order);
      }
      return there.get().shadow().filter(ShadowSide::complete).isPresent()
          ? DONE
          : new Outcome.Failed("occupied", "%s has something of %s already".formatted(here(), id));
    } catch (HypervisorException e) {
      return new Outcome.Failed(e.code(), e.text());
    } catch (IOException e) {
      return new Outcome.Failed("io", String.valueOf(e.getMessage()));
    }
  }

  private Outcome bring(VmId id, RestoreOrder order)
      throws HypervisorException, IOException, InterruptedException {
    Hypervisor.Restored restored = around.hypervisor().restore(id, order.epoch(), order.resident());
    boolean stands = false;
    try {
      List<Integer> ports = ShadowSide.freePorts(around.settings().dataAddresses());
      long link = random.nextLong() & Long.MAX_VALUE;
      InstanceRecord.Seat seat =
          new InstanceRecord.Seat(
              order.primary(), order.term(), ports, link, 0, false, Optional.empty(), true);
      InstanceRecord record =
          InstanceRecord.shadow(restored.spec(), ShadowMode.COLD, order.resident(), seat);
      Outcome outcome =
          onNew(
              id,
              () -> record,
              added -> {
                added.save(record);
                ShadowSide side = new ShadowSide(around, added, restored.shadow());
                added.becomes(side);
                side.receive();
                return DONE;
              });
      stands = outcome.equals(DONE);
      return outcome;
    } finally {
      if (!stands) {
        undo(id, restored.shadow());
      }
    }
  }

  /** Leaves nothing of what was half restored: the next attempt, or another order, begins anew. */
  private void undo(VmId id, Hypervisor.Shadow restored) throws HypervisorException {
    Optional<HostedVm> begun = shelf.find(id);
    begun.flatMap(HostedVm::shadow).ifPresent(ShadowSide::hush);
    begun.ifPresent(shelf::forget);
    restored.delete();
    around.hypervisor().remove(id);
  }

  private Outcome.Failed occupied(VmId id) {
    return new Outcome.Failed("occupied", "an instance of %s is on %s".formatted(id, here()));
  }

  private InstanceRecord fresh(ShadowOrder order) {
    long link = random.nextLong() & Long.MAX_VALUE;
    return InstanceRecord.shadow(
        order.spec(),
        order.mode(),
        order.resident(),
        new InstanceRecord.Seat(
            order.primary(), order.term(), List.of(), link, 0, false, Optional.empty(), false));
  }

  private Outcome seat(HostedVm vm, ShadowOrder order) throws HypervisorException, IOException {
    try {
      InstanceRecord.Seat seat = vm.record().seat().orElseThrow();
      List<Integer> ports =
          seat.ports().isEmpty()
              ? ShadowSide.freePorts(around.settings().dataAddresses())
              : seat.ports();
      vm.change(now ->
          now.withSeat(
              new InstanceRecord.Seat(
                  order.primary(),
                  order.term(),
                  ports,
                  seat.link(),
                  0,
                  false,
                  Optional.empty(),
                  false)));
      Hypervisor.Shadow shadow =
          around.hypervisor().prepare(order.spec(), order.mode(), order.resident());
      ShadowSide side = new ShadowSide(around, vm, shadow);
      vm.becomes(side);
      side.receive();
      return DONE;
    } catch (HypervisorException | IOException e) {
      around.hypervisor().remove(vm.id());
      shelf.forget(vm);
      throw e;
    }
  }

  private Outcome join(HostedVm vm, ShadowOrder order) throws HypervisorException {
    ShadowSide side = vm.shadow().orElseThrow();
    side.shadow().hold(order.resident());
    if (vm.record().mode() != order.mode()) {
      turn(side, order.mode());
    }
    InstanceRecord.Seat seat = vm.record().seat().orElseThrow();
    boolean another = !seat.primary().equals(order.primary());
    // Who is to be filled anew has nothing to go back to any more.
    boolean forward = another || order.refill();
    vm.change(now ->
        now.withSpec(order.spec())
            .withHeld(order.mode(), order.resident())
            .withSeat(
                new InstanceRecord.Seat(
                    order.primary(),
                    order.term(),
                    seat.ports(),
                    seat.link(),
                    another ? 0 : seat.keeps(),
                    !another && seat.renewalsStopped(),
                    forward ? Optional.empty() : seat.backTo(),
                    seat.restored())));
    if (forward) {
      side.shadow().goForward();
    }
    if (another) {
      // What was promised was about the lease of another primary.
      ShadowSide anew = new ShadowSide(around, vm, side.shadow());
      side.hush();
      vm.becomes(anew);
      anew.receive();
    } else {
      side.receive();
    }
    return DONE;
  }

  private Outcome changeMode(HostedVm vm, ShadowSide side, ShadowMode mode)
      throws HypervisorException {
    if (vm.record().mode() != mode) {
      turn(side, mode);
      vm.change(now -> now.withHeld(mode, now.held()));
    }
    return DONE;
  }

  /** What is acked stays as it is and can be promoted; nothing new comes in for that moment. */
  private static void turn(ShadowSide side, ShadowMode mode) throws HypervisorException {
    side.shut();
    try {
      side.shadow().changeMode(mode);
    } finally {
      side.open();
    }
  }

  private static Outcome hold(HostedVm vm, ShadowSide side, Resources size)
      throws HypervisorException {
    side.shadow().hold(size);
    vm.change(now -> now.withHeld(now.mode(), size));
    return DONE;
  }

  private Outcome deleteShadow(VmId id) throws InterruptedException {
    return on(
        id,
        () -> DONE,
        vm -> {
          if (vm.primary().isPresent()) {
            return new Outcome.Failed(
                "in-service", "%s has the VM %s itself".formatted(here(), id));
          }
          if (vm.shadow().isPresent()) {
            vm.shadow().get().hush();
            vm.shadow().get().shadow().delete();
          }
          around.hypervisor().remove(id);
          shelf.forget(vm);
          return DONE;
        });
  }

  /** Goes back to that epoch, or to the last one at which the guest was well. */
  Outcome rollBack(VmId id, Optional<Long> epoch) throws InterruptedException {
    return onShadow(
        id,
        (vm, shadow) -> {
          List<EpochManifest> kept = all(shadow.shadow());
          Optional<EpochManifest> to =
              kept.reversed().stream()
                  .filter(manifest ->
                      epoch.isPresent()
                          ? numberOf(manifest) == epoch.get()
                          : isHealthy(manifest, healthyMost(kept, termOf(manifest))))
                  .findFirst();
          if (to.isEmpty()) {
            return new Outcome.Failed("no-epoch", "no such epoch of %s is kept".formatted(id));
          }
          goBack(shadow, to.get());
          return DONE;
        });
  }

  /** The epochs that it could go back to, here or in the tier store, oldest first. */
  static List<EpochManifest> all(Hypervisor.Shadow shadow) {
    SortedMap<CutLabel, EpochManifest> all = new TreeMap<>();
    shadow.stored().forEach(epoch -> CutLabel.of(epoch).ifPresent(label -> all.put(label, epoch)));
    List<EpochManifest> here = shadow.kept();
    here.forEach(epoch -> CutLabel.of(epoch).ifPresent(label -> all.put(label, epoch)));
    return all.isEmpty() ? here : List.copyOf(all.values());
  }

  private static void goBack(ShadowSide side, EpochManifest to) throws HypervisorException {
    if (side.shadow().kept().contains(to)) {
      side.rollBack(to.epoch());
    } else {
      side.fetch(to);
    }
  }

  private static long numberOf(EpochManifest manifest) {
    return CutLabel.of(manifest).map(CutLabel::epoch).orElse(-1L);
  }

  private static boolean isHealthy(EpochManifest manifest, long most) {
    return manifest.health().condition() == HealthSnapshot.Condition.WELL
        && numberOf(manifest) <= most;
  }

  private static long termOf(EpochManifest manifest) {
    return CutLabel.of(manifest).map(CutLabel::term).orElse(-1L);
  }

  /**
   * What was found later may have been wrong for some epochs that looked well; of the same term,
   * for who went back has left that behind.
   */
  private static long healthyMost(List<EpochManifest> kept, long term) {
    return kept.stream()
        .filter(manifest -> termOf(manifest) == term)
        .flatMap(manifest -> vital(manifest, Drift.HEALTHY_EPOCH).stream())
        .mapToLong(Double::longValue)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  private static Optional<Double> vital(EpochManifest manifest, String name) {
    return Optional.ofNullable(manifest.health().vitals().get(name));
  }

  // --- taking over

  private Outcome pauseAndSync(Command.SyncLast command) throws InterruptedException {
    Outcome paused =
        onPrimary(
            command.vm(),
            "no-link",
            primary -> primary.pauseForLastSync(command.host()).orElse(DONE));
    Optional<PrimarySide> primary = shelf.find(command.vm()).flatMap(HostedVm::primary);
    return paused.equals(DONE) && primary.isPresent()
        ? primary.get().awaitLast(command.host())
        : paused;
  }

  /** The newest state that is here, read back. Whoever could send more has been fenced. */
  private Outcome newest(Command.SyncLast command) throws InterruptedException {
    return onShadow(
        command.vm(),
        (vm, shadow) -> {
          if (!shadow.complete()) {
            return noShadow(command.vm());
          }
          shadow.hush();
          goBackIfDrifted(shadow);
          CutLabel label = shadow.newest().orElseThrow();
          shadow.verified();
          EpochManifest manifest = shadow.shadow().newest().orElseThrow();
          Duration age = Duration.between(manifest.cutAt(), around.wall().instant());
          return new Outcome.Synced(
              label.term(),
              label.epoch(),
              true,
              age.isNegative() ? Duration.ZERO : age,
              manifest.changedPages() * 4096);
        });
  }

  /** Its primary has said, with the last epoch, that it is not to be gone on with. */
  private static void goBackIfDrifted(ShadowSide shadow) throws HypervisorException {
    Optional<Long> most =
        shadow
            .shadow()
            .newest()
            .flatMap(manifest -> vital(manifest, Drift.BACK_TO))
            .map(Double::longValue);
    if (most.isPresent()) {
      // Where none so old is kept, what is newest is better than nothing.
      Optional<EpochManifest> to =
          all(shadow.shadow()).reversed().stream()
              .filter(manifest -> numberOf(manifest) <= most.get())
              .filter(manifest -> manifest.health().condition() != HealthSnapshot.Condition.SUSPECT)
              .findFirst();
      if (to.isPresent()) {
        goBack(shadow, to.get());
      }
    }
  }

  private Outcome activate(Command.Activate command) throws InterruptedException {
    return on(command.vm(), () -> noShadow(command.vm()), vm -> activate(vm, command));
  }

  private Outcome activate(HostedVm vm, Command.Activate command)
      throws HypervisorException, InterruptedException {
    if (vm.primary().isPresent()) {
      return again(vm.primary().get(), vm.record().term(), command);
    }
    ShadowSide side = vm.shadow().orElseThrow();
    if (!side.complete()) {
      return new Outcome.Failed("not-ready", "the shadow is not complete");
    }
    side.hush();
    CutLabel label = side.newest().orElseThrow();
    if (label.epoch() != command.epoch()) {
      side.receive();
      return new Outcome.Failed(
          "other-epoch",
          "asked for epoch %d, it is at %d".formatted(command.epoch(), label.epoch()));
    }
    if (command.term() <= label.term()) {
      side.receive();
      return new Outcome.Failed(
          "older-term",
          "asked for term %d, its state is of term %d".formatted(command.term(), label.term()));
    }
    long position = side.shadow().newest().orElseThrow().requestLogPosition();
    InstanceRecord before = vm.record();
    InstanceRecord.Unled unled =
        InstanceRecord.Unled.promoted(
            new ServiceGate.Promotion(command.term(), label.epoch(), position));
    // The seat stays in the record until the guest runs: a restart meanwhile finds a shadow again.
    vm.save(
        InstanceRecord.primary(before.spec(), command.term(), label.epoch())
            .withSeat(before.seat().orElseThrow())
            .withUnled(Optional.of(unled).filter(_ -> around.gate().leads(vm.id()))));
    Hypervisor.Guest guest;
    try {
      guest = side.shadow().promote();
    } catch (HypervisorException e) {
      vm.save(before);
      throw e;
    }
    PrimarySide primary = new PrimarySide(around, vm, label.epoch());
    primary.attach(guest);
    vm.becomes(primary);
    guest.bootedBecause().ifPresent(why -> booted(vm.id(), label, why));
    vm.changeSoon(InstanceRecord::withoutSeat);
    primary.leadClients();
    return DONE;
  }

  private void booted(VmId vm, CutLabel from, String why) {
    around
        .outbox()
        .add(
            new Event.BootedFromDisks(
                around.wall().instant(),
                vm,
                around.settings().host().id(),
                "the memory of epoch %d could not be gone on with: %s"
                    .formatted(from.epoch(), why)));
  }

  private static Outcome again(PrimarySide promoted, long term, Command.Activate command)
      throws HypervisorException, InterruptedException {
    return switch (promoted.state()) {
      case SERVING -> DONE;
      case PAUSED, FROZEN -> term == command.term() ? promoted.resume(term) : stopped();
      case STOPPED, STARTING, WAITING, RESTORED -> stopped();
    };
  }

  private static Outcome stopped() {
    return new Outcome.Failed("stopped", "it was promoted and has stopped since");
  }
}
