package io.penumbra.simulator.engine;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.simulator.run.Wish;
import io.penumbra.simulator.world.SimulatedCloud;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * Owners of VMs: they ask for one, get one or are refused, and take it away again. A creation that
 * fails on its host is tried elsewhere, as Nova reschedules.
 */
public final class Tenants {

  private static final Duration RETRY = Duration.ofSeconds(30);
  private static final int ATTEMPTS_MAX = 4;

  private final World world;
  private final SimulatedCloud cloud;
  private final ControllerProcess controller;
  private final UnaryOperator<PlacementRequest> placing;
  private final RandomGenerator bootChance;
  private long placed;
  private long refused;
  private long abandoned;

  Tenants(
      World world,
      SimulatedCloud cloud,
      ControllerProcess controller,
      UnaryOperator<PlacementRequest> placing,
      RandomGenerator bootChance) {
    this.world = world;
    this.cloud = cloud;
    this.controller = controller;
    this.placing = placing;
    this.bootChance = bootChance;
  }

  /** A tenant asks for a VM now. */
  public void ask(Wish wish) {
    ask(wish, 1, List.of(), world.now());
  }

  private void ask(Wish wish, int attempt, List<HostId> excluded, long askedAt) {
    if (wish.lifetime().filter(life -> world.now() - askedAt >= life.toNanos()).isPresent()) {
      abandoned++;
      return;
    }
    Optional<PlacementDecision> decision = controller.place(request(wish, attempt, excluded));
    if (decision.isEmpty()) {
      world.time().after(RETRY, () -> ask(wish, attempt, excluded, askedAt));
      return;
    }
    switch (decision.get().answer()) {
      case PlacementDecision.Refused no -> refused++;
      case PlacementDecision.Placed placed ->
          create(wish, attempt, excluded, world.host(placed.primary().host()), askedAt);
    }
  }

  private PlacementRequest request(Wish wish, int attempt, List<HostId> excluded) {
    return placing.apply(
        new PlacementRequest(
            RequestId.of("req-" + wish.vm().id() + "-" + attempt),
            world.time().instant(),
            wish.vm(),
            Optional.empty(),
            List.of(),
            excluded,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of(),
            wish.seed()));
  }

  private void create(Wish wish, int attempt, List<HostId> excluded, WorldHost host, long askedAt) {
    long boots = (long) (world.spec().timing().createVmMillis().draw(bootChance) * 1e6);
    world.time().afterNanos(boots, () -> booted(wish, attempt, excluded, host, askedAt));
  }

  private void booted(Wish wish, int attempt, List<HostId> excluded, WorldHost host, long askedAt) {
    if (world.agentAnswers(host) || (host.agentWorks() && !world.controllerUp())) {
      placed++;
      world.create(wish.vm(), wish.number(), host, wish.sync());
      cloud.vmCreated(wish.vm(), host);
      wish.lifetime().ifPresent(life -> world.time().after(life, () -> leave(wish.vm().id())));
      return;
    }
    cloud.vmDeleted(wish.vm().id());
    if (attempt == ATTEMPTS_MAX) {
      abandoned++;
      return;
    }
    List<HostId> without = new ArrayList<>(excluded);
    without.add(host.id());
    world.time().after(RETRY, () -> ask(wish, attempt + 1, without, askedAt));
  }

  private void leave(VmId id) {
    world
        .vm(id)
        .filter(vm -> !vm.deleted())
        .ifPresent(vm -> {
          world.delete(vm);
          cloud.vmDeleted(id);
        });
  }

  public long placed() {
    return placed;
  }

  /** Wishes that no host could fulfil. */
  public long refused() {
    return refused;
  }

  /** Wishes given up because their hosts kept failing, or their time had passed. */
  public long abandoned() {
    return abandoned;
  }
}
