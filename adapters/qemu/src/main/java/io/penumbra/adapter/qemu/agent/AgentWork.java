package io.penumbra.adapter.qemu.agent;

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
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What an agent does when it is told to: the same rules as the simulator's agents keep. Every order
 * looks at what is there before it acts, so that giving it again has the effect of once.
 */
final class AgentWork {

  private static final Outcome DONE = new Outcome.Done();

  private final Surroundings around;
  private final VmShelf shelf;
  private final SecureRandom random = new SecureRandom();

  AgentWork(Surroundings around, VmShelf shelf) {
    this.around = around;
    this.shelf = shelf;
  }

  /** Something done to one VM while nobody else does anything to it. */
  private interface Deed {
    Outcome on(HostedVm vm) throws HypervisorException, InterruptedException, IOException;
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
      case Command.DeleteShadow c -> deleteShadow(c.vm());
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

  private Outcome locked(HostedVm vm, Deed deed) throws InterruptedException {
    vm.lock().lockInterruptibly();
    try {
      return deed.on(vm);
    } catch (HypervisorException e) {
      return new Outcome.Failed(e.code(), e.text());
    } catch (IOException e) {
      return new Outcome.Failed("io", String.valueOf(e.getMessage()));
    } finally {
      vm.lock().unlock();
    }
  }

  private interface ShadowDeed {
    Outcome on(HostedVm vm, ShadowSide shadow) throws HypervisorException;
  }

  private Outcome onShadow(VmId id, ShadowDeed deed) throws InterruptedException {
    Optional<HostedVm> there = shelf.find(id);
    return there.isEmpty()
        ? noShadow(id)
        : locked(
            there.get(),
            vm -> vm.shadow().isPresent() ? deed.on(vm, vm.shadow().get()) : noShadow(id));
  }

  private Outcome noShadow(VmId id) {
    return new Outcome.Failed("no-shadow", "no shadow of %s on %s".formatted(id, here()));
  }

  private interface PrimaryDeed {
    Outcome on(PrimarySide primary) throws HypervisorException, InterruptedException;
  }

  private Outcome onPrimary(VmId id, String code, PrimaryDeed deed) throws InterruptedException {
    Outcome none = new Outcome.Failed(code, "no instance of %s on %s".formatted(id, here()));
    Optional<HostedVm> there = shelf.find(id);
    return there.isEmpty()
        ? none
        : locked(there.get(), vm -> vm.primary().isPresent() ? deed.on(vm.primary().get()) : none);
  }

  // --- VMs

  /** Starts a VM that its cloud wants here, or describes one anew that is here. */
  Outcome start(VmSpec spec) throws InterruptedException {
    HostedVm vm =
        shelf.findOrAdd(spec.vm().id(), () -> InstanceRecord.primary(spec, 0, 0).withStopped(true));
    return locked(vm, known -> start(known, spec));
  }

  private Outcome start(HostedVm vm, VmSpec spec) throws HypervisorException {
    if (vm.shadow().isPresent()) {
      vm.change(now -> now.withSpec(spec));
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
      primary.boot();
    } catch (HypervisorException e) {
      shelf.forget(vm);
      throw e;
    }
    around.outbox().add(new Event.VmCreated(around.wall().instant(), spec.vm(), here()));
    return DONE;
  }

  /** Its owner wants it no more. */
  Outcome delete(VmId id) throws InterruptedException {
    Outcome outcome = remove(id);
    if (outcome.equals(DONE)) {
      around.outbox().add(new Event.VmDeleted(around.wall().instant(), id));
    }
    return outcome;
  }

  /** Removes what is left of an instance that must not serve any more. */
  private Outcome retire(VmId id) throws InterruptedException {
    return shelf.find(id).flatMap(HostedVm::primary).isEmpty() ? DONE : remove(id);
  }

  private Outcome remove(VmId id) throws InterruptedException {
    Optional<HostedVm> there = shelf.find(id);
    return there.isEmpty()
        ? DONE
        : locked(
            there.get(),
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
    Optional<HostedVm> there = shelf.find(command.vm());
    Outcome fenced =
        new Outcome.FencingAnswered(
            new FencingResult.Fenced("its agent on %s says it is stopped".formatted(here())));
    return there.isEmpty()
        ? fenced
        : locked(
            there.get(),
            vm -> {
              if (vm.primary().isPresent()) {
                vm.primary().get().kill();
              }
              return fenced;
            });
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
          shelf.find(id).flatMap(HostedVm::primary).isPresent()
              ? occupied(id)
              : (Outcome.Failed) noShadow(id));
    }
    if (order.primary().equals(here())) {
      return new Prepared.Refused(
          new Outcome.Failed("occupied", "%s is its primary's host".formatted(here())));
    }
    HostedVm vm = shelf.findOrAdd(id, () -> fresh(order));
    Outcome outcome =
        locked(
            vm,
            known ->
                known.primary().isPresent()
                    ? occupied(id)
                    : known.shadow().isPresent() ? join(known, order) : seat(known, order));
    return outcome instanceof Outcome.Failed why
        ? new Prepared.Refused(why)
        : new Prepared.Seated(vm.shadow().orElseThrow().offer());
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
        new InstanceRecord.Seat(order.primary(), order.term(), List.of(), link, 0, false));
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
                  order.primary(), order.term(), ports, seat.link(), 0, false)));
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
      side.shadow().changeMode(order.mode());
    }
    InstanceRecord.Seat seat = vm.record().seat().orElseThrow();
    boolean another = !seat.primary().equals(order.primary());
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
                    !another && seat.renewalsStopped())));
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
      side.shadow().changeMode(mode);
      vm.change(now -> now.withHeld(mode, now.held()));
    }
    return DONE;
  }

  private static Outcome hold(HostedVm vm, ShadowSide side, Resources size)
      throws HypervisorException {
    side.shadow().hold(size);
    vm.change(now -> now.withHeld(now.mode(), size));
    return DONE;
  }

  private Outcome deleteShadow(VmId id) throws InterruptedException {
    Optional<HostedVm> there = shelf.find(id);
    return there.isEmpty()
        ? DONE
        : locked(
            there.get(),
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
          List<EpochManifest> kept = shadow.shadow().kept();
          long healthyMost = healthyMost(kept);
          Optional<EpochManifest> to =
              kept.reversed().stream()
                  .filter(manifest ->
                      epoch.isPresent()
                          ? numberOf(manifest) == epoch.get()
                          : isHealthy(manifest, healthyMost))
                  .findFirst();
          if (to.isEmpty()) {
            return new Outcome.Failed("no-epoch", "no such epoch of %s is kept".formatted(id));
          }
          shadow.rollBack(to.get().epoch());
          return DONE;
        });
  }

  private static long numberOf(EpochManifest manifest) {
    return CutLabel.of(manifest).map(CutLabel::epoch).orElse(-1L);
  }

  private static boolean isHealthy(EpochManifest manifest, long most) {
    return manifest.health().condition() == HealthSnapshot.Condition.WELL
        && numberOf(manifest) <= most;
  }

  /** What was found later may have been wrong for some epochs that looked well. */
  private static long healthyMost(List<EpochManifest> kept) {
    return kept.stream()
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
          shadow.shadow().kept().reversed().stream()
              .filter(manifest -> numberOf(manifest) <= most.get())
              .filter(manifest -> manifest.health().condition() != HealthSnapshot.Condition.SUSPECT)
              .findFirst();
      if (to.isPresent()) {
        shadow.rollBack(to.get().epoch());
      }
    }
  }

  private Outcome activate(Command.Activate command) throws InterruptedException {
    Optional<HostedVm> there = shelf.find(command.vm());
    return there.isEmpty()
        ? noShadow(command.vm())
        : locked(there.get(), vm -> activate(vm, command));
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
    EpochManifest manifest = side.shadow().newest().orElseThrow();
    InstanceRecord before = vm.record();
    // The seat stays in the record until the guest runs: a restart meanwhile finds a shadow again.
    vm.save(
        InstanceRecord.primary(before.spec(), command.term(), label.epoch())
            .withSeat(before.seat().orElseThrow()));
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
    vm.changeSoon(InstanceRecord::withoutSeat);
    address(vm.record().spec(), guest)
        .ifPresent(at ->
            around.gate().promoted(vm.id(), label.epoch(), manifest.requestLogPosition(), at));
    return DONE;
  }

  private static Optional<InetSocketAddress> address(VmSpec spec, Hypervisor.Guest guest) {
    return spec.service().flatMap(service -> guest.port(service.port()));
  }

  private static Outcome again(PrimarySide promoted, long term, Command.Activate command)
      throws HypervisorException, InterruptedException {
    return switch (promoted.state()) {
      case SERVING -> DONE;
      case PAUSED, FROZEN -> term == command.term() ? promoted.resume(term) : stopped();
      case STOPPED, STARTING, WAITING -> stopped();
    };
  }

  private static Outcome stopped() {
    return new Outcome.Failed("stopped", "it was promoted and has stopped since");
  }
}
