package io.penumbra.simulator.check;

import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldObserver;
import io.penumbra.simulator.world.WorldVm;

/** Never 6: a shadow that is not promoted sends or receives traffic. */
public final class ShadowsStaySilent implements WorldObserver, Checker {

  private final World world;
  private final Breaches breaches;

  public ShadowsStaySilent(World world, Breaches breaches) {
    this.world = world;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    switch (happening) {
      case Happening.Pointed(WorldVm vm, String what, WorldHost host) -> pointed(vm, what, host);
      case Happening.ShadowAdmitted admitted -> scan(admitted.shadow().vm());
      case Happening.ServingChanged changed -> {
        if (changed.serving() && changed.instance().isShadow()) {
          breaches.report(6, "%s serves without being promoted".formatted(changed.instance()));
        }
      }
      default -> {}
    }
  }

  private void pointed(WorldVm vm, String what, WorldHost host) {
    vm.on(host)
        .filter(Instance::isShadow)
        .ifPresent(shadow ->
            breaches.report(
                6, "the %s of VM %s sends clients to its shadow on %s".formatted(what, vm, host)));
  }

  private void scan(WorldVm vm) {
    vm.loadBalancer().ifPresent(host -> pointed(vm, "load balancer", host));
    vm.dns().ifPresent(host -> pointed(vm, "DNS", host));
  }

  @Override
  public void fullScan() {
    for (WorldVm vm : world.vms()) {
      scan(vm);
    }
  }
}
