package io.penumbra.simulator.scenario;

import io.penumbra.domain.policy.ShadowMode;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The replication of one VM to one shadow, at any moment: which epoch is acked, how old it is, what
 * would be lost. A value; every change of pace gives a new one that starts where the old one
 * stands, so the acked epoch never goes backwards.
 *
 * @param base the newest acked epoch at {@code baseAt}, by number; the first full copy is epoch 0
 * @param baseCut when that epoch was cut at the primary
 * @param nextCut when the epoch after it is cut at the primary
 * @param interval time between cuts from then on
 * @param shipping from a cut until its epoch is acked
 * @param stopped when replication stopped (source dead, paused, or path lost); no epoch that was
 *     not acked by then ever is
 */
public record ShadowSync(
    VmSync vm,
    ShadowMode mode,
    long base,
    Instant baseCut,
    Instant nextCut,
    Duration interval,
    Duration shipping,
    Optional<Instant> stopped) {

  /** Begins with a full copy. Epoch 0 is acked, and first usable, at {@link #usableFrom}. */
  public static ShadowSync start(VmSync vm, ShadowMode mode, Instant at, Duration askedEpoch) {
    Duration interval = vm.steadyEpoch(mode, askedEpoch);
    Duration shipping = vm.shipping(mode, interval);
    Duration first = vm.firstSync(mode, askedEpoch);
    Instant cut = at.plus(first).minus(shipping.compareTo(first) < 0 ? shipping : first);
    return new ShadowSync(vm, mode, -1, at, cut, interval, shipping, Optional.empty());
  }

  /** From here on the shadow can be promoted: its first full copy is acked. */
  public Instant usableFrom() {
    return base < 0 ? nextCut.plus(shipping) : baseCut;
  }

  /** The newest epoch acked at a moment; empty while the first full copy is under way. */
  public Optional<Long> ackedEpoch(Instant at) {
    long epoch = acked(at);
    return epoch < 0 ? Optional.empty() : Optional.of(epoch);
  }

  /** How old the acked state is at a moment; empty while there is none. */
  public Optional<Duration> age(Instant at) {
    long epoch = acked(at);
    return epoch < 0 ? Optional.empty() : Optional.of(Duration.between(cutOf(epoch), at));
  }

  /** MiB that were dirtied after the acked epoch, and would be lost if the primary died now. */
  public double lostMib(Instant at) {
    return age(effective(at)).map(vm::dirtiedMib).orElse((double) vm.memoryMib());
  }

  /** The same replication with other epochs from now on. */
  public ShadowSync withEpoch(Instant at, Duration askedEpoch) {
    long epoch = acked(at);
    Duration pace = vm.steadyEpoch(mode, askedEpoch);
    if (epoch < 0) {
      return new ShadowSync(vm, mode, base, baseCut, nextCut, pace, shipping, stopped);
    }
    if (stopped.isPresent()) {
      Duration ship = vm.shipping(mode, pace);
      return new ShadowSync(vm, mode, epoch, cutOf(epoch), at, pace, ship, stopped);
    }
    return restart(at, epoch, pace);
  }

  /** Replication stops: the source died, was paused, or cannot be reached. */
  public ShadowSync stop(Instant at) {
    return stopped.isPresent()
        ? this
        : new ShadowSync(vm, mode, base, baseCut, nextCut, interval, shipping, Optional.of(at));
  }

  /** Replication goes on after a stop; what was dirtied meanwhile is in the next epoch. */
  public ShadowSync resume(Instant at) {
    if (stopped.isEmpty()) {
      return this;
    }
    long epoch = acked(at);
    if (epoch < 0) {
      return start(vm, mode, at, interval);
    }
    return restart(at, epoch, interval);
  }

  /** The state after a last epoch was cut with the source paused: nothing is lost. */
  public ShadowSync syncedFully(Instant at) {
    long epoch = acked(at) + 1;
    return new ShadowSync(
        vm, mode, epoch, at, at.plus(interval), interval, shipping, Optional.of(at));
  }

  /** The first ack after a change comes when all that is behind has been shipped. */
  private ShadowSync restart(Instant at, long epoch, Duration pace) {
    Instant cut = cutOf(epoch);
    Duration ship = vm.shipping(mode, pace);
    Duration behind = vm.catchUp(mode, pace, Duration.between(cut, at));
    Instant next = at.plus(behind.compareTo(ship) > 0 ? behind.minus(ship) : Duration.ZERO);
    return new ShadowSync(vm, mode, epoch, cut, next, pace, ship, Optional.empty());
  }

  private long acked(Instant at) {
    Duration sinceFirstAck = Duration.between(nextCut.plus(shipping), effective(at));
    if (sinceFirstAck.isNegative()) {
      return base;
    }
    return base + 1 + sinceFirstAck.dividedBy(interval);
  }

  private Instant cutOf(long epoch) {
    return epoch <= base ? baseCut : nextCut.plus(interval.multipliedBy(epoch - base - 1));
  }

  private Instant effective(Instant at) {
    return stopped.filter(end -> end.isBefore(at)).orElse(at);
  }
}
