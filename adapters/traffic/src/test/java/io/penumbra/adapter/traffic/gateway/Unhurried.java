package io.penumbra.adapter.traffic.gateway;

import java.time.Duration;

/** Where a test does not tell of time: a busy machine may take a while over each step. */
final class Unhurried {

  static final Duration PATIENCE = Duration.ofMinutes(2);

  private Unhurried() {}

  /** The same, but no cut lapses and nobody is given up because the machine was busy. */
  static GatewaySettings settings(GatewaySettings usual) {
    return usual.with(PATIENCE, PATIENCE, usual.letGoAfter()).withGoneMax(PATIENCE);
  }
}
