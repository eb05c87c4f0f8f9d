package io.penumbra.simulator.check;

import io.penumbra.domain.policy.CommitMode;
import io.penumbra.simulator.world.Happening;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldObserver;
import io.penumbra.simulator.world.WorldVm;

/** Never 4: in output-commit, a response leaves before its epoch is acked. */
public final class OutputWaitsForAck implements WorldObserver, Checker {

  private final World world;
  private final Breaches breaches;

  public OutputWaitsForAck(World world, Breaches breaches) {
    this.world = world;
    this.breaches = breaches;
  }

  @Override
  public void happened(Happening happening) {
    switch (happening) {
      case Happening.ServingChanged changed -> check(changed.instance().vm());
      case Happening.ShadowCompleted(Instance shadow) -> check(shadow.vm());
      case Happening.ShadowGone gone -> check(gone.shadow().vm());
      default -> {}
    }
  }

  private void check(WorldVm vm) {
    if (vm.vm().policy().policy().commit() != CommitMode.OUTPUT_COMMIT) {
      return;
    }
    long released = world.released(vm);
    for (Instance shadow : vm.shadows()) {
      boolean counts = shadow.replica().complete() && shadow.replica().verified();
      if (counts && shadow.state() == Instance.State.WAITING && released > world.acked(shadow)) {
        breaches.report(
            4,
            "VM %s let responses of epoch %d out, its shadow on %s has acked %d"
                .formatted(vm, released, shadow.host(), world.acked(shadow)));
      }
    }
  }

  @Override
  public void fullScan() {
    for (WorldVm vm : world.vms()) {
      check(vm);
    }
  }
}
