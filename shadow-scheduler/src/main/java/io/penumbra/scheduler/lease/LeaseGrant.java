package io.penumbra.scheduler.lease;

import io.penumbra.domain.HostId;
import java.time.Duration;

/**
 * What the agent beside a shadow knows of the lease that it keeps for that shadow's primary: every
 * ack it sends renews. Told to stop, it can say from when on the primary cannot serve any more.
 *
 * <p>Times are nanoseconds of one clock of this agent's that only runs forward.
 *
 * @param primary the host whose instance is renewed
 * @param renewedNanos when it may have been renewed last, by this keeper or by the controller
 * @param stopped whether this keeper has stopped renewing, for good until it is told otherwise
 */
public record LeaseGrant(LeaseTerms terms, HostId primary, long renewedNanos, boolean stopped) {

  /** Whether an ack may leave: asked before each, because an ack renews. */
  public sealed interface Renewal {}

  /** It may, with this grant kept from now on. */
  public record Renews(LeaseGrant grant) implements Renewal {}

  /** No ack leaves any more: somebody waits for this lease to run out. */
  public record Stopped() implements Renewal {}

  /** What can be said about the end of a lease. */
  public sealed interface End {}

  /**
   * It has run out.
   *
   * @param ago for how long it has been certain
   */
  public record RanOut(Duration ago) implements End {}

  /**
   * It may still run.
   *
   * @param left after how long it has certainly run out, if nobody renews
   */
  public record MayRun(Duration left) implements End {}

  /**
   * A grant of an agent that begins, or has been restarted: it may have renewed just before, and
   * can't know.
   */
  public static LeaseGrant begun(LeaseTerms terms, HostId primary, long nowNanos) {
    return new LeaseGrant(terms, primary, nowNanos, false);
  }

  /** To be asked right before an ack is sent, never after. */
  public Renewal renew(long nowNanos) {
    return stopped
        ? new Stopped()
        : new Renews(new LeaseGrant(terms, primary, later(renewedNanos, nowNanos), false));
  }

  /**
   * The controller has stopped renewing and wants the lease to run out. May be asked again; what is
   * known to be the last renewal only moves forward.
   *
   * @param controllerSilent how long ago the controller's own last renewal left, by its own clock,
   *     which may run fast. What the question itself took makes it older still.
   */
  public LeaseGrant stop(Duration controllerSilent, long nowNanos) {
    double shortest = controllerSilent.toNanos() * (1 - terms.driftMax()) / (1 + terms.driftMax());
    long controllerNanos = nowNanos - Math.max(0, (long) shortest);
    return new LeaseGrant(terms, primary, later(renewedNanos, controllerNanos), true);
  }

  /** The controller takes it back: the primary serves on, and acks renew again. */
  public LeaseGrant takenUp(long nowNanos) {
    return new LeaseGrant(terms, primary, nowNanos, false);
  }

  /** Whether it has run out by now. While this keeper renews, it never has. */
  public End end(long nowNanos) {
    Duration certain = terms.certainAfter();
    Duration since = Duration.ofNanos(nowNanos - renewedNanos);
    if (!stopped) {
      return new MayRun(certain);
    }
    Duration ago = since.minus(certain);
    return ago.isNegative() ? new MayRun(ago.negated()) : new RanOut(ago);
  }

  private static long later(long one, long other) {
    return one - other >= 0 ? one : other;
  }
}
