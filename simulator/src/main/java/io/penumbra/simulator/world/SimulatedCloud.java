package io.penumbra.simulator.world;

import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.CloudCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.scheduler.port.Cloud;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.fault.FaultDice;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The cloud's API and its agents: the books it keeps, the events it sends, what it carries out. */
public final class SimulatedCloud implements Cloud {

  private final World world;
  private final EventFeed feed;
  private final CommandDesk desk;
  private final ShadowWork shadows;
  private final PromotionWork promotions;
  private final HostWork hosts;

  /** A cloud in front of a world. */
  public SimulatedCloud(World world, FaultDice dice, Seeds seeds) {
    this.world = world;
    this.feed = new EventFeed(dice);
    this.desk = new CommandDesk(world, dice, seeds.stream("cloud-latency"));
    this.shadows = new ShadowWork(world);
    this.promotions = new PromotionWork(world, dice, this::shadowLost);
    this.hosts = new HostWork(world, feed);
  }

  public EventFeed feed() {
    return feed;
  }

  @Override
  public Snapshot snapshot() {
    List<HostReport> hostReports = new ArrayList<>();
    for (WorldHost host : world.hosts()) {
      hostReports.add(new HostReport(host.host(), host.condition()));
    }
    List<VmReport> vmReports = new ArrayList<>();
    List<ShadowReport> shadowReports = new ArrayList<>();
    for (WorldVm vm : world.vms()) {
      vm.current()
          .ifPresent(now ->
              vmReports.add(new VmReport(vm.vm(), now.host().id(), now.serving(), now.term())));
      for (Instance shadow : vm.shadows()) {
        shadowReports.add(
            new ShadowReport(
                vm.id(),
                shadow.host().id(),
                shadow.mode(),
                shadow.held(),
                shadow.replica().complete(),
                world.termOf(shadow)));
      }
    }
    return new Snapshot(feed.end(), hostReports, vmReports, shadowReports);
  }

  @Override
  public Page events(long cursor, int max) {
    return feed.after(cursor, max);
  }

  @Override
  public void execute(CloudCommand command) {
    LogNormal latency =
        command instanceof Command.ProbeHost
            ? world.spec().timing().probeMillis()
            : world.spec().timing().commandMillis();
    desk.take(
        command,
        laneOf(command),
        latency,
        outcome -> report(command, outcome),
        answer -> carryOut(command, answer));
  }

  private void report(CloudCommand command, Outcome outcome) {
    feed.emit(new Event.CommandReported(world.time().instant(), command.id(), outcome));
  }

  private void carryOut(CloudCommand command, Consumer<Outcome> answer) {
    switch (command) {
      case Command.ProbeHost c -> hosts.probe(c, answer);
      case Command.SetQuarantine c -> hosts.quarantine(c, answer);
      case Command.CreateShadow c -> shadows.create(c, answer);
      case Command.ChangeShadowMode c -> shadows.changeMode(c, answer);
      case Command.ResizeShadow c -> shadows.resize(c, answer);
      case Command.DeleteShadow c -> shadows.delete(c, answer);
      case Command.SetEpochInterval c -> shadows.setInterval(c, answer);
      case Command.AllocateShadow c -> shadows.allocate(c, answer);
      case Command.SyncLast c -> promotions.syncLast(c, answer);
      case Command.ResumePrimary c -> promotions.resume(c, answer);
      case Command.Activate c -> promotions.activate(c, answer);
      case Command.VerifyService c -> promotions.verify(c, answer);
      case Command.RetirePrimary c -> promotions.retire(c, answer);
    }
  }

  private CommandDesk.@Nullable Lane laneOf(CloudCommand command) {
    return switch (command) {
      case Command.ProbeHost c -> null;
      case Command.SetQuarantine c -> world.host(c.host()).commands;
      case Command.CreateShadow c -> vm(c.vm());
      case Command.ChangeShadowMode c -> vm(c.vm());
      case Command.ResizeShadow c -> vm(c.vm());
      case Command.DeleteShadow c -> vm(c.vm());
      case Command.SetEpochInterval c -> vm(c.vm());
      case Command.AllocateShadow c -> vm(c.vm());
      case Command.SyncLast c -> vm(c.vm());
      case Command.ResumePrimary c -> vm(c.vm());
      case Command.Activate c -> vm(c.vm());
      case Command.VerifyService c -> vm(c.vm());
      case Command.RetirePrimary c -> vm(c.vm());
    };
  }

  private CommandDesk.@Nullable Lane vm(VmId id) {
    return world.vm(id).map(vm -> vm.commands).orElse(null);
  }

  // What the cloud says of its own accord.

  /** A VM's guest runs where it was put. */
  public void vmCreated(Vm vm, WorldHost host) {
    feed.emit(new Event.VmCreated(world.time().instant(), vm, host.id()));
  }

  public void vmDeleted(VmId vm) {
    feed.emit(new Event.VmDeleted(world.time().instant(), vm));
  }

  /** The owner wants another protection. */
  public void policyChanged(WorldVm vm, Vm changed) {
    vm.vm = changed;
    vm.policyChangedAt = world.now();
    feed.emit(new Event.VmPolicyChanged(world.time().instant(), changed.id(), changed.policy()));
  }

  public void guestFailed(VmId vm, String symptom) {
    feed.emit(new Event.GuestFailed(world.time().instant(), vm, symptom));
  }

  public void shadowLost(Instance shadow, String reason) {
    feed.emit(
        new Event.ShadowLost(world.time().instant(), shadow.vm().id(), shadow.host().id(), reason));
  }

  /** The cloud's books show another condition of a host. */
  public void condition(WorldHost host, HostCondition condition) {
    if (host.condition() != condition) {
      world.setCondition(host, condition);
      feed.emit(new Event.HostConditionReported(world.time().instant(), host.id(), condition));
    }
  }

  /** Something else that comes with the cloud's events, such as a risk report. */
  public void emit(Event event) {
    feed.emit(event);
  }
}
