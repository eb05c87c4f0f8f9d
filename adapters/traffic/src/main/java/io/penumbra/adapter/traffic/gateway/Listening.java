package io.penumbra.adapter.traffic.gateway;

/** What came of the wish to have requests and answers kept. */
public sealed interface Listening {

  /** They are kept, from the cut of that epoch on. */
  record Since(long epoch) implements Listening {}

  /** They are not. */
  record Refused(String why) implements Listening {}
}
