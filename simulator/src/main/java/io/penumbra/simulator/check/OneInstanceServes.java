package io.penumbra.simulator.check;

import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldHost;
import io.penumbra.simulator.world.WorldObserver;
import io.penumbra.simulator.world.WorldVm;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Never 1: two instances of one VM serve at the same time. An instance serves when its guest runs,
 * whether or not anybody can reach it just now.
 */
public final class OneInstanceServes implements WorldObserver, Checker {

  private final World world;
  private final Breaches breaches;

  public OneInstanceServes(World world, Breaches breaches) {
    this.world = world;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    if (happening instanceof Happening.ServingChanged changed && changed.serving()) {
      WorldVm vm = changed.instance().vm();
      if (vm.instances().stream().filter(Instance::serving).count() > 1) {
        report(vm, changed.why());
      }
    }
  }

  private void report(WorldVm vm, String why) {
    String hosts =
        vm.instances().stream()
            .filter(Instance::serving)
            .map(instance -> instance.host().toString())
            .collect(Collectors.joining(" and "));
    breaches.report(1, "VM %s serves on %s at once (the last one: %s)".formatted(vm, hosts, why));
  }

  /** Looks at every host's instances, and not at what the VMs say of themselves. */
  @Override
  public void fullScan() {
    Map<WorldVm, WorldHost> servesOn = new HashMap<>();
    for (WorldHost host : world.hosts()) {
      for (Instance instance : host.instances()) {
        if (instance.serving() && servesOn.put(instance.vm(), host) != null) {
          report(instance.vm(), "found by a scan of all hosts");
        }
        if (instance.serving() && !host.running()) {
          breaches.report(
              1, "VM %s serves on %s, which does not run".formatted(instance.vm(), host));
        }
      }
    }
  }
}
