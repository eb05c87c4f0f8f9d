package io.penumbra.simulator.fault;

import io.penumbra.simulator.chance.Seeds;
import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Says of each call whether a fault befalls it, until everything heals. */
public final class FaultDice {

  private final FaultMix mix;
  private final Map<FaultKind, RandomGenerator> streams = new EnumMap<>(FaultKind.class);
  private boolean healed;

  /** Dice for a mix; every kind has a stream of its own. */
  public FaultDice(FaultMix mix, Seeds seeds) {
    this.mix = mix;
    for (FaultKind kind : FaultKind.values()) {
      streams.put(kind, seeds.stream("fault." + kind.name()));
    }
  }

  /** Whether this call is struck. */
  public boolean strikes(FaultKind kind) {
    double rate = mix.rate(kind);
    return rate > 0 && !healed && stream(kind).nextDouble() < rate;
  }

  /** The kind's own stream of chance. */
  public RandomGenerator stream(FaultKind kind) {
    RandomGenerator stream = streams.get(kind);
    if (stream == null) {
      throw new IllegalStateException("no stream for " + kind);
    }
    return stream;
  }

  public FaultMix mix() {
    return mix;
  }

  /** From now on nothing is struck any more. */
  public void heal() {
    healed = true;
  }

  public boolean healed() {
    return healed;
  }
}
