package io.penumbra.simulator.engine;

import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldVm;

/**
 * Measures now and then what protection costs: memory promised to shadows, held or reserved, over
 * memory promised to primaries; and what is sent to keep shadows current.
 */
final class CapacityMeter {

  private final Rig rig;
  private final LoopFigures figures;
  private double shares;
  private long samples;

  CapacityMeter(Rig rig, LoopFigures figures) {
    this.rig = rig;
    this.figures = figures;
  }

  /** Takes one sample that stands for the time since the one before. */
  void measure(long nanos) {
    World world = rig.world();
    double primaries = 0;
    double shadows = 0;
    double mibPerSecond = 0;
    for (WorldVm vm : world.vms()) {
      for (Instance instance : vm.instances()) {
        if (instance.isShadow()) {
          shadows += instance.held().memoryMib();
          if (instance.replica().complete() && instance.mode() != ShadowMode.NONE) {
            mibPerSecond += vm.sync().wireMibPerSecond(instance.mode());
          }
        } else {
          primaries += instance.held().memoryMib();
        }
      }
    }
    figures.sent(mibPerSecond * nanos / 1e9);
    if (primaries > 0) {
      shares += (shadows + rig.controller().reservedMemoryMib()) / primaries;
      samples++;
    }
  }

  double extraShare() {
    return samples == 0 ? 0 : shares / samples;
  }
}
