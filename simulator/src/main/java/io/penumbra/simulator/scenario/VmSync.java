package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;

/**
 * What one VM's shadow costs and how current it can be, by the formulas of {@link SyncModel}.
 *
 * @param memoryMib the VM's memory
 * @param dirtyMibPerSecond how fast it dirties fresh pages
 * @param workingSetMib how much it writes to at all
 */
public record VmSync(
    SyncModel model, long memoryMib, double dirtyMibPerSecond, double workingSetMib) {

  private static final double STEADY = 1e-6;
  private static final int ROUNDS_MAX = 64;

  public VmSync {
    Guard.positive("dirtyMibPerSecond", dirtyMibPerSecond);
    Guard.positive("workingSetMib", workingSetMib);
  }

  /** MiB dirtied within this time. */
  public double dirtiedMib(Duration time) {
    return dirtied(SyncModel.seconds(time));
  }

  /** How long a delta of an epoch this long takes until it is acked. */
  public Duration shipping(ShadowMode mode, Duration epoch) {
    return SyncModel.seconds(ship(mode, SyncModel.seconds(epoch)));
  }

  /** The epoch that is kept up in the long run when this one is asked for. */
  public Duration steadyEpoch(ShadowMode mode, Duration asked) {
    double wanted = SyncModel.seconds(asked);
    if (ship(mode, wanted) <= wanted) {
      return asked;
    }
    double low = wanted;
    double high =
        workingSetMib / rawMibPerSecond(mode) + SyncModel.seconds(model.roundTrip()) + wanted;
    while (high - low > STEADY) {
      double middle = (low + high) / 2;
      if (ship(mode, middle) <= middle) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return SyncModel.seconds(high);
  }

  /**
   * From the start of the first full copy until it is acked: the image, then what was dirtied
   * meanwhile, and so on until what is left fits into an epoch.
   */
  public Duration firstSync(ShadowMode mode, Duration epoch) {
    double image = model.imageMib(memoryMib) / wireMibPerSecond(mode);
    return converge(mode, epoch, image + SyncModel.seconds(model.roundTrip()));
  }

  /** The same, from a shadow that is this far behind. */
  public Duration catchUp(ShadowMode mode, Duration epoch, Duration behind) {
    return converge(mode, epoch, ship(mode, SyncModel.seconds(behind)));
  }

  private Duration converge(ShadowMode mode, Duration epoch, double firstRound) {
    double target = SyncModel.seconds(steadyEpoch(mode, epoch)) * (1 + STEADY);
    double round = firstRound;
    double total = round;
    for (int rounds = 0; rounds < ROUNDS_MAX && round > target; rounds++) {
      round = ship(mode, round);
      total += round;
    }
    return SyncModel.seconds(total);
  }

  /** How long a planned migration pauses the VM: the last epoch's delta, then the switch. */
  public Duration migrationPause(ShadowMode mode, Duration epoch) {
    return shipping(mode, steadyEpoch(mode, epoch)).plus(model.switchover());
  }

  /** MiB per second on the wire in the long run. */
  public double wireMibPerSecond(ShadowMode mode, Duration epoch) {
    Duration steady = steadyEpoch(mode, epoch);
    return dirtiedMib(steady) / model.compression() / SyncModel.seconds(steady);
  }

  private double dirtied(double seconds) {
    return -workingSetMib * Math.expm1(-dirtyMibPerSecond * seconds / workingSetMib);
  }

  private double ship(ShadowMode mode, double epochSeconds) {
    return dirtied(epochSeconds) / rawMibPerSecond(mode) + SyncModel.seconds(model.roundTrip());
  }

  private double rawMibPerSecond(ShadowMode mode) {
    return wireMibPerSecond(mode) * model.compression();
  }

  private double wireMibPerSecond(ShadowMode mode) {
    return switch (mode) {
      case WARM -> model.networkMibPerSecond();
      case COLD -> Math.min(model.networkMibPerSecond(), model.storeMibPerSecond());
      case NONE -> throw new IllegalArgumentException("shadow mode NONE ships nothing");
    };
  }
}
