package io.penumbra.scheduler.lease;

import io.penumbra.domain.HostId;
import java.time.Duration;
import java.util.Optional;

/**
 * What the agent beside a primary knows of its right to serve. It serves while it has heard the
 * controller or its keeper within the lease; then it has to stop its guest itself, and only the
 * controller can give the right back.
 *
 * <p>Every time is in nanoseconds of one clock of this agent's that only runs forward and goes on
 * while the machine sleeps (on Linux {@code CLOCK_BOOTTIME}; {@code System.nanoTime()} where
 * machines never sleep). Written to a file at every change, this record survives its agent; read
 * back, it goes on where it was. An agent that has lost it begins with {@link #lost}.
 *
 * @param keeper the shadow's host whose acks renew; nothing is leased without one, for nothing
 *     could be promoted
 * @param controllerNanos when the newest request was sent that the controller has answered
 * @param keeperNanos when the newest epoch was sent that the keeper has acked
 * @param ranOut whether it has run out; the keeper may have said so to somebody
 */
public record LeaseClock(
    LeaseTerms terms,
    Optional<HostId> keeper,
    long controllerNanos,
    long keeperNanos,
    boolean ranOut) {

  /** A primary that nobody could take over from serves without a lease. */
  public static LeaseClock unleased(LeaseTerms terms) {
    return new LeaseClock(terms, Optional.empty(), 0, 0, false);
  }

  /** An agent that doesn't know what it was promised serves when the controller has said so. */
  public static LeaseClock lost(LeaseTerms terms, HostId keeper, long nowNanos) {
    long longAgo = nowNanos - terms.lasts().toNanos();
    return new LeaseClock(terms, Optional.of(keeper), longAgo, longAgo, true);
  }

  /**
   * A shadow is complete and could be promoted from now on, so from now on the primary needs a
   * lease. It has a first one.
   */
  public LeaseClock leased(HostId first, long nowNanos) {
    if (keeper.isPresent()) {
      throw new IllegalStateException(
          "%s keeps this lease already; maybe handOver to %s was meant"
              .formatted(keeper.get(), first));
    }
    return new LeaseClock(terms, Optional.of(first), nowNanos, nowNanos, false);
  }

  /**
   * The controller has consented that another shadow keeps the lease. Refused, so that the keeper
   * stays the same, unless the controller itself renews at this time: then nobody is waiting for
   * the old keeper's word that it has run out.
   */
  public LeaseClock handOver(HostId next, long askedNanos, long nowNanos) {
    LeaseClock heard = heardController(askedNanos, nowNanos);
    if (heard.keeper.isEmpty() || !heard.within(heard.controllerNanos, nowNanos)) {
      return heard;
    }
    return new LeaseClock(
        terms, Optional.of(next), heard.controllerNanos, heard.controllerNanos, false);
  }

  /** The controller says that none of its shadows can be promoted any more. */
  public LeaseClock released() {
    return unleased(terms);
  }

  /**
   * The controller has answered with a renewal; it alone can take up a lease that has run out.
   *
   * @param askedNanos when the request was <em>sent</em> that it answers
   */
  public LeaseClock heardController(long askedNanos, long nowNanos) {
    LeaseClock now = at(nowNanos);
    if (!now.within(askedNanos, nowNanos) || askedNanos - nowNanos > 0) {
      return now;
    }
    return new LeaseClock(
        terms, keeper, later(now.controllerNanos, askedNanos), now.keeperNanos, false);
  }

  /**
   * A shadow has acked an epoch. Counts if it keeps the lease and the lease hasn't run out.
   *
   * @param sentNanos when the epoch was <em>sent</em> that it acks
   */
  public LeaseClock heardKeeper(HostId from, long sentNanos, long nowNanos) {
    LeaseClock now = at(nowNanos);
    if (now.ranOut || !keeper.equals(Optional.of(from)) || sentNanos - nowNanos > 0) {
      return now;
    }
    return new LeaseClock(
        terms, keeper, now.controllerNanos, later(now.keeperNanos, sentNanos), false);
  }

  /** This clock as it is now: once it has run out it stays so. */
  public LeaseClock at(long nowNanos) {
    return ranOut || mayServe(nowNanos)
        ? this
        : new LeaseClock(terms, keeper, controllerNanos, keeperNanos, true);
  }

  /** Whether the guest may run on. When not, it is to be stopped before anything else is done. */
  public boolean mayServe(long nowNanos) {
    return keeper.isEmpty()
        || (!ranOut && (within(controllerNanos, nowNanos) || within(keeperNanos, nowNanos)));
  }

  /** How long the guest may run on if nothing more is heard; empty without a lease. */
  public Optional<Duration> left(long nowNanos) {
    if (keeper.isEmpty()) {
      return Optional.empty();
    }
    long end = later(controllerNanos, keeperNanos) + terms.lasts().toNanos();
    return Optional.of(mayServe(nowNanos) ? Duration.ofNanos(end - nowNanos) : Duration.ZERO);
  }

  private boolean within(long sinceNanos, long nowNanos) {
    return nowNanos - sinceNanos < terms.lasts().toNanos();
  }

  /** Differences and not values are compared: the clock's origin is anywhere. */
  private static long later(long one, long other) {
    return one - other >= 0 ? one : other;
  }
}
