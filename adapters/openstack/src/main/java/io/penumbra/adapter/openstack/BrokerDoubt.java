package io.penumbra.adapter.openstack;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Whether a silent nova-compute may only be waiting for a broker that was away. One whose question
 * was under way waits for the answer, and reports nothing, for Nova's whole rpc_response_timeout:
 * it is as silent as a dead one, while the others have come back.
 *
 * <p>There is doubt while the broker is away, and for a while after it has come, also for the first
 * time: nobody saw what was before. As it may be our own connection that comes and goes, it ends
 * {@link #MOST} after it began, until there was a time without any.
 */
final class BrokerDoubt {

  /** Longer than this it is not the broker that matters, but who can't see it. */
  static final Duration MOST = Duration.ofMinutes(15);

  /** Nova's rpc_response_timeout, unless an operator has changed it. */
  private static final Duration RPC_RESPONSE = Duration.ofSeconds(60);

  private static final Instant AWAY = Instant.MAX;

  private final Duration afterwards;
  private final InstantSource clock;
  private Instant began = Instant.EPOCH;
  private Instant left = Instant.EPOCH;
  private Instant until = Instant.EPOCH;

  /**
   * No doubt yet.
   *
   * @param report Nova's report_interval
   */
  BrokerDoubt(Duration report, InstantSource clock) {
    afterwards = RPC_RESPONSE.plus(report.multipliedBy(3));
    this.clock = clock;
  }

  /** The broker has gone, or is not seen yet. */
  synchronized void away() {
    Instant now = clock.instant();
    if (!now.isBefore(until)) {
      began = now;
    }
    if (!until.equals(AWAY)) {
      left = now;
    }
    until = AWAY;
  }

  /** The broker has come. */
  synchronized void there() {
    Instant now = clock.instant();
    boolean afterLong = until.equals(AWAY) && !now.isBefore(left.plus(MOST));
    if (afterLong || !now.isBefore(until)) {
      began = now;
    }
    until = now.plus(afterwards);
  }

  synchronized boolean holds() {
    Instant now = clock.instant();
    return now.isBefore(until) && now.isBefore(began.plus(MOST));
  }
}
