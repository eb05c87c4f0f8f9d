package io.penumbra.simulator.check;

import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldObserver;
import io.penumbra.simulator.world.WorldVm;
import java.util.HashMap;
import java.util.Map;

/**
 * Never 3: the acked epoch goes backwards, has a gap, or was promoted unverified. What is promoted
 * must be the epoch that was asked for, whole, and every page of it known to be right; and no
 * promotion may reach back before the one before it, unless the store has lost what came between.
 */
public final class EpochsOnlyGrow implements WorldObserver, Checker {

  private final World world;
  private final Breaches breaches;
  private final Map<WorldVm, Long> promotedFrom = new HashMap<>();
  private final Map<Instance, Long> comingToLife = new HashMap<>();

  public EpochsOnlyGrow(World world, Breaches breaches) {
    this.world = world;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    switch (happening) {
      case Happening.Activated activated -> check(activated);
      case Happening.ServingChanged(Instance instance, boolean serving, String why) -> {
        Long from = comingToLife.remove(instance);
        if (serving && from != null) {
          promotedFrom.put(instance.vm(), from);
        }
      }
      case Happening.VmWent(WorldVm vm) -> promotedFrom.remove(vm);
      default -> {}
    }
  }

  private void check(Happening.Activated activated) {
    WorldVm vm = activated.instance().vm();
    if (activated.epochAsked() != activated.epochHeld()) {
      breaches.report(
          3,
          "VM %s was promoted on %s as epoch %d, but the shadow holds epoch %d"
              .formatted(
                  vm, activated.instance().host(), activated.epochAsked(), activated.epochHeld()));
    }
    if (!activated.verified()) {
      breaches.report(
          3,
          "VM %s was promoted on %s from epoch %d, which was not verified"
              .formatted(vm, activated.instance().host(), activated.epochHeld()));
    }
    // One that dies before it serves has not been the VM: nothing was done there.
    comingToLife.put(activated.instance(), activated.epochHeld());
    Long before = promotedFrom.get(vm);
    boolean storeLostSome = activated.instance().replica().damaged();
    if (before != null && before > activated.epochHeld() && !storeLostSome) {
      breaches.report(
          3,
          "VM %s was promoted from epoch %d after it had been promoted from %d"
              .formatted(vm, activated.epochHeld(), before));
    }
  }

  /** Epochs of an older term are void; how many of them there were says nothing. */
  private boolean ofTheSameTerm(WorldVm vm, Instance shadow) {
    return vm.current().filter(now -> now.term() == world.termOf(shadow)).isPresent();
  }

  @Override
  public void fullScan() {
    for (WorldVm vm : world.vms()) {
      vm.shadows().stream()
          .filter(shadow -> shadow.replica().complete() && world.newestEpoch(vm) >= 0)
          .filter(shadow -> ofTheSameTerm(vm, shadow))
          .filter(shadow -> world.acked(shadow) > world.newestEpoch(vm))
          .forEach(shadow ->
              breaches.report(
                  3,
                  "the shadow of VM %s on %s has acked epoch %d, its primary closed %d"
                      .formatted(vm, shadow.host(), world.acked(shadow), world.newestEpoch(vm))));
    }
  }
}
