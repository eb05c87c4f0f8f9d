package io.penumbra.simulator.world;

/** When a guest's responses may leave its host, in output-commit mode. */
@FunctionalInterface
public interface OutputGate {

  /** When every complete shadow has acked them; at once when there is none, as unprotected. */
  OutputGate ACKED =
      (world, vm) -> {
        long least = Long.MAX_VALUE;
        for (Instance shadow : vm.shadows()) {
          if (shadow.replica().complete() && shadow.state() == Instance.State.WAITING) {
            least = Math.min(least, world.acked(shadow));
          }
        }
        return least == Long.MAX_VALUE ? world.newestEpoch(vm) : least;
      };

  /** At once. */
  OutputGate OPEN = (world, vm) -> world.newestEpoch(vm);

  /** The newest epoch whose responses have left by now. */
  long released(World world, WorldVm vm);
}
