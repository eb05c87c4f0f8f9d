package io.penumbra.simulator.fault;

import io.penumbra.domain.Guard;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.random.RandomGenerator;

/**
 * Which kinds of fault happen, and how often. A seed enables a random subset (swarm testing, Groce
 * et al., ISSTA 2012): faults that always come together hide each other's bugs.
 */
public record FaultMix(Map<FaultKind, Double> rates) {

  public FaultMix {
    EnumMap<FaultKind, Double> copy = new EnumMap<>(FaultKind.class);
    copy.putAll(rates);
    copy.forEach((kind, rate) -> Guard.notNegative(kind.name(), (long) Math.floor(rate)));
    rates = Collections.unmodifiableMap(copy);
  }

  /** Nothing goes wrong. */
  public static FaultMix none() {
    return new FaultMix(new EnumMap<>(FaultKind.class));
  }

  /** Only these, at their usual rates. */
  public static FaultMix of(FaultKind... kinds) {
    EnumMap<FaultKind, Double> rates = new EnumMap<>(FaultKind.class);
    for (FaultKind kind : kinds) {
      rates.put(kind, kind.rate());
    }
    return new FaultMix(rates);
  }

  /** A random subset, each kind at half to twice its usual rate. */
  public static FaultMix swarm(RandomGenerator chance) {
    EnumMap<FaultKind, Double> rates = new EnumMap<>(FaultKind.class);
    double share = 0.2 + 0.6 * chance.nextDouble();
    for (FaultKind kind : FaultKind.values()) {
      double factor = 0.5 + 1.5 * chance.nextDouble();
      if (chance.nextDouble() < share || kind == FaultKind.HOST_FAILURE) {
        rates.put(kind, kind.rate() * factor);
      }
    }
    return new FaultMix(rates);
  }

  /** The same with one kind at another rate. */
  public FaultMix with(FaultKind kind, double rate) {
    EnumMap<FaultKind, Double> changed = new EnumMap<>(FaultKind.class);
    changed.putAll(rates);
    changed.put(kind, rate);
    return new FaultMix(changed);
  }

  /** The rate of a kind; 0 when it is off. */
  public double rate(FaultKind kind) {
    return rates.getOrDefault(kind, 0.0);
  }

  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(" ");
    rates.forEach((kind, rate) -> text.add("%s=%.3g".formatted(kind, rate)));
    return rates.isEmpty() ? "none" : text.toString();
  }
}
