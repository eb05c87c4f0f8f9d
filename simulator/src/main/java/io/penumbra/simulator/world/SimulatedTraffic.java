package io.penumbra.simulator.world;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.TrafficCommand;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.port.TrafficRouter;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.fault.FaultDice;
import java.util.Optional;
import java.util.function.Consumer;

/** Load balancers and name servers, each change read back. */
public final class SimulatedTraffic implements TrafficRouter {

  private static final Outcome DONE = new Outcome.Done();

  private final World world;
  private final CommandDesk desk;
  private final Consumer<Event> controller;

  /**
   * Traffic in a world.
   *
   * @param controller takes what comes back
   */
  public SimulatedTraffic(World world, FaultDice dice, Seeds seeds, Consumer<Event> controller) {
    this.world = world;
    this.desk = new CommandDesk(world, dice, seeds.stream("traffic-latency"));
    this.controller = controller;
  }

  @Override
  public void execute(TrafficCommand command) {
    desk.take(
        command,
        world.vm(vmOf(command)).map(vm -> vm.commands).orElse(null),
        latency(command),
        outcome ->
            controller.accept(
                new Event.CommandReported(world.time().instant(), command.id(), outcome)),
        answer -> carryOut(command, answer));
  }

  private static VmId vmOf(TrafficCommand command) {
    return switch (command) {
      case Command.PointLoadBalancer c -> c.vm();
      case Command.PointDns c -> c.vm();
      case Command.SetDnsTtl c -> c.vm();
    };
  }

  private LogNormal latency(TrafficCommand command) {
    return switch (command) {
      case Command.PointLoadBalancer c -> world.spec().timing().loadBalancerMillis();
      case Command.PointDns c -> world.spec().timing().dnsMillis();
      case Command.SetDnsTtl c -> world.spec().timing().dnsMillis();
    };
  }

  private void carryOut(TrafficCommand command, Consumer<Outcome> answer) {
    Optional<WorldVm> vm = world.vm(vmOf(command));
    if (vm.isEmpty()) {
      answer.accept(new Outcome.Failed("no-vm", "there is no VM " + vmOf(command)));
      return;
    }
    switch (command) {
      case Command.PointLoadBalancer c -> point(vm.get(), "load balancer", c.host());
      case Command.PointDns c -> point(vm.get(), "DNS", c.host());
      case Command.SetDnsTtl c -> world.tell(new Happening.Noted("DNS TTL " + c.ttl()));
    }
    answer.accept(DONE);
  }

  private void point(WorldVm vm, String what, HostId to) {
    WorldHost host = world.host(to);
    if (what.equals("DNS")) {
      vm.dns = host;
    } else {
      vm.loadBalancer = host;
    }
    world.tell(new Happening.Pointed(vm, what, host));
  }
}
