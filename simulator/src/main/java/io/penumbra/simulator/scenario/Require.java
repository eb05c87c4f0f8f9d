package io.penumbra.simulator.scenario;

import java.time.Duration;

/** Checks that scenario records share. */
final class Require {

  private Require() {}

  static void positive(String what, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(
          "%s is %s; expected more than 0".formatted(what, Durations.format(value)));
    }
  }

  static void notNegative(String what, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(
          "%s is %s; expected 0 or more".formatted(what, Durations.format(value)));
    }
  }

  static void notNegative(String what, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException("%s is %s; expected 0 or more".formatted(what, value));
    }
  }

  static void atLeast(String what, double value, double least) {
    if (!(value >= least) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          "%s is %s; expected %s or more".formatted(what, value, least));
    }
  }

  static void between(String what, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s is %d; expected %d to %d".formatted(what, value, least, most));
    }
  }
}
