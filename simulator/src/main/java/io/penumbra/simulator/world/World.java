package io.penumbra.simulator.world;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.Host;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.scenario.VmSync;
import io.penumbra.simulator.time.VirtualTime;
import io.penumbra.simulator.world.Instance.Role;
import io.penumbra.simulator.world.Instance.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * Hosts, guests and shadows as they really are. Every method is something that happens in the real
 * world: a power supply dies, an agent stops its guest, a shadow's first state is complete.
 */
public final class World {

  private final VirtualTime time;
  private final WorldSpec spec;
  private final Network network;
  private final List<WorldHost> hosts = new ArrayList<>();
  private final Map<HostId, WorldHost> hostsById = new HashMap<>();
  private final Map<VmId, WorldVm> vms = new LinkedHashMap<>();
  private final List<WorldObserver> observers = new ArrayList<>();
  private List<WorldVm> changed = new ArrayList<>();
  private final LeaseKeeping leases;
  private final RandomGenerator bootChance;
  private boolean controllerUp = true;
  private OutputGate gate = OutputGate.ACKED;

  /** A world of idle hosts. */
  public World(VirtualTime time, WorldSpec spec, Seeds seeds, List<Host> hosts) {
    this.time = time;
    this.bootChance = seeds.stream("guest-boot");
    this.spec = spec;
    this.network = new Network(hosts.size());
    for (Host host : hosts) {
      WorldHost added = new WorldHost(this.hosts.size(), host);
      this.hosts.add(added);
      hostsById.put(host.id(), added);
    }
    this.leases = new LeaseKeeping(this);
  }

  public VirtualTime time() {
    return time;
  }

  public long now() {
    return time.nanos();
  }

  public WorldSpec spec() {
    return spec;
  }

  public Network network() {
    return network;
  }

  public List<WorldHost> hosts() {
    return Collections.unmodifiableList(hosts);
  }

  /** The host of that name; throws when there is none, for hosts never leave a simulated world. */
  public WorldHost host(HostId id) {
    WorldHost host = hostsById.get(id);
    if (host == null) {
      throw new IllegalArgumentException("no host %s in this world".formatted(id));
    }
    return host;
  }

  /** Every VM that is wanted, or of which something is left, in the order they came. */
  public Collection<WorldVm> vms() {
    return Collections.unmodifiableCollection(vms.values());
  }

  /**
   * VMs whose instances, or what is sent to keep them current, may be others than when this was
   * asked before; also such of which nothing is left. For one reader.
   */
  public List<WorldVm> takeChanged() {
    List<WorldVm> taken = changed;
    changed = new ArrayList<>();
    for (WorldVm vm : taken) {
      vm.changed = false;
    }
    return taken;
  }

  void changed(WorldVm vm) {
    if (!vm.changed) {
      vm.changed = true;
      changed.add(vm);
    }
  }

  public Optional<WorldVm> vm(VmId id) {
    return Optional.ofNullable(vms.get(id));
  }

  public boolean controllerUp() {
    return controllerUp;
  }

  /** Tells this observer of everything from now on. */
  public void observe(WorldObserver observer) {
    observers.add(observer);
  }

  /** Tells every observer. */
  public void tell(Happening happening) {
    for (int i = 0; i < observers.size(); i++) {
      observers.get(i).happened(happening);
    }
  }

  /** Whether the controller can ask the host's agent something and hear the answer. */
  public boolean agentAnswers(WorldHost host) {
    return host.agentWorks() && network.talks(network.controller(), host.index());
  }

  // Guests.

  /** A VM's guest runs for the first time. */
  public Instance create(Vm vm, int number, WorldHost host, VmSync sync) {
    WorldVm created = new WorldVm(vm, number, now(), new SyncFigures(sync));
    vms.put(vm.id(), created);
    EpochClock epochs = new EpochClock(0, now(), created.sync().interval());
    Instance primary =
        new Instance(created, host, Role.PRIMARY, ShadowMode.NONE, vm.size(), epochs);
    primary.bootedAt = now();
    place(primary);
    created.current = primary;
    created.loadBalancer = host;
    created.dns = host;
    tell(new Happening.VmCame(created, host));
    serve(primary, "created");
    return primary;
  }

  /** The owner takes a VM away; its shadows stay until somebody removes them. */
  public void delete(WorldVm vm) {
    vm.deleted = true;
    for (Instance instance : List.copyOf(vm.instances())) {
      if (!instance.isShadow()) {
        stop(instance, "deleted by its owner");
        takeOff(instance);
      }
    }
    vm.current = null;
    tell(new Happening.VmWent(vm));
    forgetIfNothingLeft(vm);
  }

  void serve(Instance instance, String why) {
    instance.state = State.SERVING;
    instance.stoppedByLease = false;
    instance.pausedForSync = false;
    instance.epochs().start(now());
    tell(new Happening.ServingChanged(instance, true, why));
    review(instance.vm());
  }

  /** Holds a guest so that it could run on. */
  void pause(Instance instance, String why) {
    if (instance.serving()) {
      freezeShadows(instance.vm());
      instance.epochs().stop(now());
      instance.state = State.PAUSED;
      tell(new Happening.ServingChanged(instance, false, why));
      review(instance.vm());
    }
  }

  /** Ends a guest; its memory is gone. */
  public void stop(Instance instance, String why) {
    instance.fillAttempt++;
    boolean served = instance.serving();
    if (instance.state != State.STOPPED) {
      instance.stoppedAt = now();
    }
    if (served) {
      freezeShadows(instance.vm());
      instance.epochs().stop(now());
    }
    instance.state = State.STOPPED;
    if (served) {
      tell(new Happening.ServingChanged(instance, false, why));
    }
    review(instance.vm());
  }

  /** What a host's instances take of it: put there, removed, or another amount. */
  void place(Instance instance) {
    instance.vm().add(instance);
    instance.host().add(instance);
    changed(instance.vm());
    tell(new Happening.HoldingsChanged(instance.host()));
  }

  void takeOff(Instance instance) {
    instance.removed = true;
    instance.vm().remove(instance);
    instance.host().remove(instance);
    tell(new Happening.HoldingsChanged(instance.host()));
    review(instance.vm());
    forgetIfNothingLeft(instance.vm());
  }

  void hold(Instance instance, Resources held) {
    instance.held = held;
    changed(instance.vm());
    tell(new Happening.HoldingsChanged(instance.host()));
  }

  private void forgetIfNothingLeft(WorldVm vm) {
    if (vm.deleted && vm.instances().isEmpty()) {
      vms.remove(vm.id());
    }
  }

  // Shadows.

  Instance admitShadow(Instance primary, WorldHost host, ShadowMode mode, Resources resident) {
    WorldVm vm = primary.vm();
    EpochClock epochs = new EpochClock(0, now(), primary.epochs().interval());
    Instance shadow = new Instance(vm, host, Role.SHADOW, mode, resident, epochs);
    place(shadow);
    tell(new Happening.ShadowAdmitted(shadow, primary));
    return shadow;
  }

  void completeShadow(Instance shadow, Instance primary) {
    shadow
        .replica()
        .completed(primary.term, primary.epochs().at(now()), primary.epochs().closedAt(now()));
    tell(new Happening.ShadowCompleted(shadow));
    review(shadow.vm());
  }

  void removeShadow(Instance shadow, String why) {
    takeOff(shadow);
    tell(new Happening.ShadowGone(shadow, why));
  }

  /** Epochs come at another pace from now on. */
  void pace(Instance primary, Duration asked) {
    freezeShadows(primary.vm());
    ShadowMode mode = primary.vm().vm().policy().policy().mode();
    primary.epochs().setInterval(now(), primary.vm().sync().pace(mode, asked));
    review(primary.vm());
  }

  void paceFor(Instance primary, ShadowMode mode, Duration rpo) {
    freezeShadows(primary.vm());
    primary.epochs().setInterval(now(), primary.vm().sync().paceFor(mode, rpo));
    review(primary.vm());
  }

  /** A cold shadow's chunks stay in the store when the shadow goes. */
  void keepInStore(Instance shadow) {
    Replica replica = shadow.replica();
    if (shadow.mode() == ShadowMode.COLD && replica.complete()) {
      replica.freeze(sourceOf(shadow.vm()), now());
      shadow.vm().stored = true;
      shadow.vm().storedTerm = replica.term(now());
      shadow.vm().storedEpoch = replica.acked(sourceOf(shadow.vm()), now());
      shadow.vm().storedClosedAt = replica.ackedClosedAt(sourceOf(shadow.vm()), now());
    }
  }

  /** A shadow becomes the VM. */
  void promote(Instance shadow, long epochAsked, long term, Consumer<Outcome> answer) {
    WorldVm vm = shadow.vm();
    long lost = lacks(shadow);
    long held = acked(shadow);
    tell(new Happening.Activated(shadow, epochAsked, held, shadow.replica().verified(), lost));
    freezeShadows(vm);
    keepInStore(shadow);
    shadow.role = Role.PRIMARY;
    shadow.term = term;
    shadow.epochs().continueFrom(held, now(), vm.sync().interval());
    shadow.bootedAt = vm.current == null ? now() : vm.current.bootedAt;
    hold(shadow, vm.vm().size());
    long takes = vm.sync().activation(shadow.mode());
    start(
        shadow,
        takes,
        "promoted",
        () -> takesOver(shadow),
        () -> answer.accept(new Outcome.Done()));
    int attempt = shadow.fillAttempt;
    time.afterNanos(
        takes + 1,
        () -> {
          if (shadow.fillAttempt != attempt || !shadow.serving()) {
            answer.accept(new Outcome.Failed("stopped", "it stopped while it came to life"));
          }
        });
  }

  /** The books call it the VM from the moment it runs; until then a failure changes nothing. */
  private void takesOver(Instance promoted) {
    for (Instance other : promoted.vm().shadows()) {
      other.replica().unlink(sourceOf(promoted.vm()), now());
    }
    promoted.vm().current = promoted;
  }

  /** A guest boots from its disk; what was in its memory is gone. */
  public void boot(Instance primary, String why, Runnable then) {
    long boots = drawBoot();
    primary.bootedAt = now() + boots;
    start(primary, boots, why, () -> {}, then);
  }

  private void start(Instance instance, long takes, String why, Runnable before, Runnable then) {
    instance.state = State.STARTING;
    int attempt = ++instance.fillAttempt;
    time.afterNanos(
        takes,
        () -> {
          if (instance.fillAttempt == attempt
              && instance.state == State.STARTING
              && !instance.removed
              && instance.host().running()) {
            before.run();
            serveUnderLease(instance, why, then);
          }
        });
  }

  /** A start that was ordered before a fence must not end in a guest that serves after it. */
  private void serveUnderLease(Instance instance, String why, Runnable then) {
    Lease lease = instance.lease();
    if (lease.keeper == null || lease.renewed) {
      serve(instance, why);
      then.run();
    } else {
      instance.stoppedByLease = true;
      instance.state = State.PAUSED;
      tell(
          new Happening.Noted(
              "%s is held: its lease ran out while it started".formatted(instance)));
    }
  }

  private long drawBoot() {
    return (long) (spec.timing().rebootGuestMillis().draw(bootChance) * 1e6);
  }

  /** The books call this instance the VM again: what had been promoted is given up. */
  void returnsTo(Instance primary, long term) {
    if (primary.vm().current != primary || primary.term != term) {
      takesOver(primary);
      primary.term = term;
      review(primary.vm());
    }
  }

  /** Whoever kept an instance from serving takes it back. */
  void clearFence(Instance primary) {
    primary.fenced = false;
    primary.lease().controllerStopped = false;
    for (Instance shadow : primary.vm().shadows()) {
      shadow.stopsAcking = false;
    }
    review(primary.vm());
  }

  /** The epoch clock that a VM's shadows follow. */
  EpochClock sourceOf(WorldVm vm) {
    Instance current = vm.current;
    return current == null ? NO_EPOCHS : current.epochs();
  }

  private static final EpochClock NO_EPOCHS = new EpochClock(0, 0, 1);

  /** Under which term the newest epoch that a shadow holds was closed. */
  public long termOf(Instance shadow) {
    return shadow.replica().term(now());
  }

  /** The newest epoch that a shadow holds now. */
  public long acked(Instance shadow) {
    return shadow.replica().acked(sourceOf(shadow.vm()), now());
  }

  /** The newest epoch the VM has closed; below zero when nothing of it is there. */
  public long newestEpoch(WorldVm vm) {
    Instance current = vm.current;
    return current == null ? Long.MIN_VALUE : current.epochs().at(now());
  }

  /** The newest epoch whose responses have left. */
  public long released(WorldVm vm) {
    return gate.released(this, vm);
  }

  /** Lets responses out by another rule; for tests of the checkers. */
  public void gate(OutputGate changed) {
    gate = changed;
  }

  /** How much of the primary's running time the shadow's state lacks now, in nanoseconds. */
  public long lacks(Instance shadow) {
    EpochClock source = sourceOf(shadow.vm());
    return Math.max(0, source.ranUntil(now()) - shadow.replica().ackedClosedAt(source, now()));
  }

  private void freezeShadows(WorldVm vm) {
    for (Instance shadow : vm.shadows()) {
      shadow.replica().freeze(sourceOf(vm), now());
    }
  }

  /** Something that a VM's links or leases depend on has changed. */
  public void review(WorldVm vm) {
    changed(vm);
    for (Instance shadow : vm.shadows()) {
      reviewLink(shadow);
    }
    for (int i = 0; i < vm.instances().size(); i++) {
      Instance instance = vm.instances().get(i);
      if (!instance.isShadow()) {
        leases.review(instance);
      }
    }
  }

  private void reviewLink(Instance shadow) {
    Replica replica = shadow.replica();
    EpochClock source = sourceOf(shadow.vm());
    if (!linkStands(shadow)) {
      if (replica.linked()) {
        replica.unlink(source, now());
      }
      return;
    }
    double slowness =
        Math.max(
            network.slowness(shadow.host().index()),
            network.slowness(currentHostIndex(shadow.vm())));
    if (replica.linked()) {
      replica.freeze(source, now());
    }
    long missed = now() - replica.ackedClosedAt(source, now());
    SyncFigures sync = shadow.vm().sync();
    replica.link(now(), sync.catchUp(missed), sync.lag(slowness), currentTerm(shadow.vm()));
  }

  private static long currentTerm(WorldVm vm) {
    Instance current = vm.current;
    return current == null ? 0 : current.term;
  }

  private int currentHostIndex(WorldVm vm) {
    Instance current = vm.current;
    return current == null ? network.controller() : current.host().index();
  }

  /** Whether epochs get from the VM's primary to this shadow. */
  boolean linkStands(Instance shadow) {
    Instance primary = shadow.vm().current;
    return primary != null
        && primary.serving()
        && primary.host().agentWorks()
        && shadow.host().agentWorks()
        && network.talks(primary.host().index(), shadow.host().index());
  }

  // Hosts.

  /** Something about a host's power, agent or network has changed. */
  public void review(WorldHost host) {
    for (Instance instance : List.copyOf(host.instances())) {
      review(instance.vm());
    }
    tell(new Happening.LinksChanged(host));
  }

  /** A host stops: whatever ran on it is dead, and what was only in its memory is gone. */
  public void hostStops(WorldHost host, String why) {
    host.stoppedAt = now();
    tell(new Happening.HostWent(host, false, why));
    for (Instance instance : List.copyOf(host.instances())) {
      if (!instance.isShadow()) {
        stop(instance, why);
      } else if (instance.mode() == ShadowMode.WARM || !instance.replica().complete()) {
        instance.fillAttempt++;
        instance.state = State.STOPPED;
      }
    }
    review(host);
  }

  /** A host runs again, empty-handed: guests stay off until somebody starts them. */
  public void hostStarts(WorldHost host, String why) {
    host.agentHung = false;
    tell(new Happening.HostWent(host, true, why));
    review(host);
  }

  /** The cloud's books say something else of a host. */
  void setCondition(WorldHost host, HostCondition condition) {
    host.condition = condition;
  }

  // The controller.

  /** The controller's process dies, or runs again. */
  public void controllerWent(boolean up, String why) {
    controllerUp = up;
    tell(new Happening.ControllerWent(up, why));
    for (WorldVm vm : List.copyOf(vms.values())) {
      review(vm);
    }
  }
}
