package io.penumbra.simulator.engine;

import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.world.Instance;
import io.penumbra.simulator.world.World;
import io.penumbra.simulator.world.WorldVm;
import java.util.Arrays;

/**
 * Measures now and then what protection costs: memory promised to shadows, held or reserved, over
 * memory promised to primaries; and what is sent to keep shadows current. Between two samples only
 * VMs that changed are looked at.
 */
final class CapacityMeter {

  private final Rig rig;
  private final LoopFigures figures;
  private final boolean checks;

  // By the VM's place in the workload.
  private long[] primaryMib = new long[64];
  private long[] shadowMib = new long[64];
  private double[] mibPerSecond = new double[64];

  private long primaries;
  private long shadows;
  private double shares;
  private long samples;

  /**
   * A meter that has seen nothing yet.
   *
   * @param checks whether each sample is also taken by looking at every VM, and compared
   */
  CapacityMeter(Rig rig, LoopFigures figures, boolean checks) {
    this.rig = rig;
    this.figures = figures;
    this.checks = checks;
  }

  /** Takes one sample that stands for the time since the one before. */
  void measure(long nanos) {
    rig.world().takeChanged().forEach(this::look);
    if (checks) {
      check(rig.world());
    }
    double sent = 0;
    for (double rate : mibPerSecond) {
      sent += rate;
    }
    figures.sent(sent * nanos / 1e9);
    if (primaries > 0) {
      shares += (double) (shadows + rig.controller().reservedMemoryMib()) / primaries;
      samples++;
    }
  }

  private void look(WorldVm vm) {
    int at = vm.number();
    if (at >= primaryMib.length) {
      int to = Math.max(at + 1, 2 * at);
      primaryMib = Arrays.copyOf(primaryMib, to);
      shadowMib = Arrays.copyOf(shadowMib, to);
      mibPerSecond = Arrays.copyOf(mibPerSecond, to);
    }
    primaries -= primaryMib[at];
    shadows -= shadowMib[at];
    primaryMib[at] = 0;
    shadowMib[at] = 0;
    mibPerSecond[at] = 0;
    for (Instance instance : vm.instances()) {
      if (instance.isShadow()) {
        shadowMib[at] += instance.held().memoryMib();
        if (instance.replica().complete() && instance.mode() != ShadowMode.NONE) {
          mibPerSecond[at] += vm.sync().wireMibPerSecond(instance.mode());
        }
      } else {
        primaryMib[at] += instance.held().memoryMib();
      }
    }
    primaries += primaryMib[at];
    shadows += shadowMib[at];
  }

  /** Whoever changes an instance says so to the world; one who forgets is found here. */
  private void check(World world) {
    for (WorldVm vm : world.vms()) {
      int at = vm.number();
      long primary = primaryMib[at];
      long shadow = shadowMib[at];
      double rate = mibPerSecond[at];
      look(vm);
      if (primary != primaryMib[at] || shadow != shadowMib[at] || rate != mibPerSecond[at]) {
        throw new IllegalStateException(
            "VM %s holds %d MiB, its shadows %d MiB at %s MiB/s, but %d, %d and %s were known; maybe a change of an instance was not told to the world"
                .formatted(
                    vm, primaryMib[at], shadowMib[at], mibPerSecond[at], primary, shadow, rate));
      }
    }
  }

  double extraShare() {
    return samples == 0 ? 0 : shares / samples;
  }
}
