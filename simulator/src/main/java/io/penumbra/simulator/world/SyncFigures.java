package io.penumbra.simulator.world;

import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.scenario.SyncModel;
import io.penumbra.simulator.scenario.VmSync;
import java.time.Duration;

/**
 * How long it takes to make and keep one VM's shadows current, in nanoseconds, by the formulas of
 * {@link SyncModel}. What is asked at every change of a link is worked out once.
 */
public final class SyncFigures {

  private static final double MIB = 1 << 20;

  private final VmSync vm;
  private ShadowMode mode = ShadowMode.NONE;
  private long interval = Duration.ofMinutes(1).toNanos();
  private long lag;

  /** {@link #wireMibPerSecond} at this pace; NaN until it is asked for. */
  private double wireMibPerSecond = Double.NaN;

  /** Figures of one VM. */
  public SyncFigures(VmSync vm) {
    this.vm = vm;
  }

  public VmSync vm() {
    return vm;
  }

  /** Takes up a pace; back-pressure may make it slower than asked. */
  long pace(ShadowMode shadowMode, Duration asked) {
    if (shadowMode != ShadowMode.NONE) {
      mode = shadowMode;
      Duration steady = vm.steadyEpoch(shadowMode, asked);
      interval = Math.max(1, steady.toNanos());
      wireMibPerSecond = Double.NaN;
      lag = vm.shipping(shadowMode, steady).toNanos();
    }
    return interval;
  }

  /** The pace for an RPO. */
  long paceFor(ShadowMode shadowMode, Duration rpo) {
    return pace(shadowMode, vm.model().epochFor(shadowMode, rpo));
  }

  /** How far epochs are apart now. */
  public long interval() {
    return interval;
  }

  /** From the close of an epoch until it is acked. */
  long lag(double slowness) {
    return (long) (lag * slowness);
  }

  /** Until a new shadow holds a first full state. */
  long fill(ShadowMode shadowMode) {
    return vm.firstSync(shadowMode, Duration.ofNanos(interval)).toNanos();
  }

  /** Until a shadow that missed some time has caught up. */
  long catchUp(long missed) {
    return mode == ShadowMode.NONE ? 0 : vm.shipping(mode, Duration.ofNanos(missed)).toNanos();
  }

  /** How long a paused primary's last epoch takes to arrive. */
  long lastSync(double slowness) {
    ShadowMode by = mode == ShadowMode.NONE ? ShadowMode.WARM : mode;
    return (long) (vm.migrationPause(by, Duration.ofNanos(interval)).toNanos() * slowness);
  }

  /** From the order until the guest answers. */
  long activation(ShadowMode shadowMode) {
    return vm.model().activation(shadowMode, vm.memoryMib()).toNanos();
  }

  /** What the guest writes in that time, in bytes. */
  long bytesWritten(long nanos) {
    return (long) (vm.dirtiedMib(Duration.ofNanos(nanos)) * MIB);
  }

  /** MiB of a full image on the wire. */
  public double imageMib() {
    return vm.model().imageMib(vm.memoryMib());
  }

  /** MiB per second sent to one shadow of this mode in the long run. */
  public double wireMibPerSecond(ShadowMode shadowMode) {
    if (shadowMode != mode) {
      return vm.wireMibPerSecond(shadowMode, Duration.ofNanos(interval));
    }
    if (Double.isNaN(wireMibPerSecond)) {
      wireMibPerSecond = vm.wireMibPerSecond(mode, Duration.ofNanos(interval));
    }
    return wireMibPerSecond;
  }
}
