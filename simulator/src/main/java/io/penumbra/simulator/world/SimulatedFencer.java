package io.penumbra.simulator.world;

import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.FenceCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.port.Fencer;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.fault.FaultDice;
import io.penumbra.simulator.fault.FaultKind;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Management controllers, leases and agents that stop an instance. */
public final class SimulatedFencer implements Fencer {

  private final World world;
  private final FaultDice dice;
  private final RandomGenerator chance;
  private final CommandDesk desk;
  private final Consumer<Event> controller;

  /**
   * Fencing in a world.
   *
   * @param controller takes what comes back
   */
  public SimulatedFencer(World world, FaultDice dice, Seeds seeds, Consumer<Event> controller) {
    this.world = world;
    this.dice = dice;
    this.chance = seeds.stream("bmc");
    this.desk = new CommandDesk(world, dice, seeds.stream("fencing-latency"));
    this.controller = controller;
  }

  @Override
  public void execute(FenceCommand command) {
    desk.take(
        command,
        laneOf(command),
        latency(command),
        outcome ->
            controller.accept(
                new Event.CommandReported(world.time().instant(), command.id(), outcome)),
        answer -> carryOut(command, result -> answer.accept(new Outcome.FencingAnswered(result))));
  }

  private LogNormal latency(FenceCommand command) {
    return switch (command) {
      case Command.FenceHost c -> world.spec().timing().powerOffMillis();
      case Command.FenceVm c -> world.spec().timing().stopVmMillis();
      case Command.ExpireLease c -> world.spec().timing().commandMillis();
    };
  }

  private CommandDesk.@Nullable Lane laneOf(FenceCommand command) {
    return switch (command) {
      case Command.FenceHost c -> null;
      case Command.FenceVm c -> world.vm(c.vm()).map(vm -> vm.commands).orElse(null);
      case Command.ExpireLease c -> world.vm(c.vm()).map(vm -> vm.commands).orElse(null);
    };
  }

  private void carryOut(FenceCommand command, Consumer<FencingResult> answer) {
    switch (command) {
      case Command.FenceHost c -> powerOff(world.host(c.host()), answer);
      case Command.FenceVm c -> stop(c.vm(), world.host(c.host()), answer);
      case Command.ExpireLease c -> expire(c, answer);
    }
  }

  private void powerOff(WorldHost host, Consumer<FencingResult> answer) {
    for (Instance instance : host.instances()) {
      instance.fenced |= !instance.isShadow();
    }
    double unanswered = world.spec().timing().powerOffUnanswered();
    if (!host.bmcAnswers()
        || chance.nextDouble() < unanswered
        || dice.strikes(FaultKind.BMC_SILENT)) {
      unknownLater(answer, "the management controller of %s does not answer".formatted(host));
      return;
    }
    if (host.powered() && dice.strikes(FaultKind.BMC_LIES)) {
      answer.accept(
          dice.stream(FaultKind.BMC_LIES).nextBoolean()
              ? new FencingResult.NotFenced("it said done, and power reads on")
              : new FencingResult.Unknown("it said done, and power can't be read"));
      return;
    }
    if (host.powered) {
      host.powered = false;
      world.hostStops(host, "switched off by its management controller");
    }
    answer.accept(new FencingResult.Fenced("power of %s reads off".formatted(host)));
  }

  private void stop(VmId vm, WorldHost host, Consumer<FencingResult> answer) {
    Optional<Instance> there =
        world.vm(vm).flatMap(found -> found.on(host)).filter(i -> !i.isShadow());
    there.ifPresent(instance -> instance.fenced = true);
    if (!world.agentAnswers(host)) {
      unknownLater(answer, "the agent on %s is silent".formatted(host));
      return;
    }
    there.ifPresent(instance -> world.stop(instance, "stopped by its agent"));
    answer.accept(new FencingResult.Fenced("its agent on %s says it is stopped".formatted(host)));
  }

  /** Asks the very agent whose shadow would be promoted: who can't be asked is not promoted. */
  private void expire(Command.ExpireLease command, Consumer<FencingResult> answer) {
    WorldHost shadowHost = world.host(command.shadow());
    Optional<WorldVm> vm = world.vm(command.vm());
    Optional<Instance> shadow =
        vm.flatMap(found -> found.on(shadowHost)).filter(Instance::isShadow);
    Optional<Instance> primary =
        vm.flatMap(found -> found.on(world.host(command.primary()))).filter(i -> !i.isShadow());
    primary.ifPresent(this::stopRenewing);
    if (!world.agentAnswers(shadowHost)) {
      unknownLater(answer, "the agent on %s is silent".formatted(shadowHost));
    } else if (shadow.isEmpty() || primary.isEmpty()) {
      answer.accept(new FencingResult.Unknown("no such primary and shadow"));
    } else if (primary.get().lease().keeper != shadow.get()) {
      answer.accept(new FencingResult.Unknown("the lease is kept by another shadow"));
    } else {
      waitItOut(primary.get(), shadow.get(), answer);
    }
  }

  private void stopRenewing(Instance primary) {
    primary.fenced = true;
    primary.lease().controllerStopped = true;
    world.review(primary.vm());
  }

  private void waitItOut(Instance primary, Instance shadow, Consumer<FencingResult> answer) {
    long sinceRenewed = heardNobodySince(primary);
    shadow.stopsAcking = true;
    world.review(primary.vm());
    var timing = world.spec().timing();
    double waits =
        timing.lease().toNanos() * (1 + timing.clockDriftMax()) + timing.leaseMargin().toNanos();
    long until = sinceRenewed + (long) (waits / shadow.host().clockRate());
    world.time().at(until, () -> answerExpired(primary, shadow, answer));
  }

  /** Since when neither the controller nor the keeper can have renewed the lease. */
  private long heardNobodySince(Instance primary) {
    return primary.host().running() && !primary.lease().renewed
        ? primary.lease().lastRenewal
        : primary.host().running() ? world.now() : primary.host().stoppedAt;
  }

  private void answerExpired(Instance primary, Instance shadow, Consumer<FencingResult> answer) {
    if (primary.lease().keeper != shadow || !shadow.stopsAcking) {
      answer.accept(new FencingResult.Unknown("the lease was renewed again meanwhile"));
    } else if (world.agentAnswers(shadow.host()) && !shadow.removed) {
      answer.accept(
          new FencingResult.Fenced("lease ran out by the clock of %s".formatted(shadow.host())));
    } else {
      answer.accept(
          new FencingResult.Unknown("the agent on %s fell silent".formatted(shadow.host())));
    }
  }

  private void unknownLater(Consumer<FencingResult> answer, String why) {
    world
        .time()
        .after(
            world.spec().timing().powerOffTimeout(),
            () -> answer.accept(new FencingResult.Unknown(why)));
  }
}
