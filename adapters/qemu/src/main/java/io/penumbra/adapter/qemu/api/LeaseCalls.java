package io.penumbra.adapter.qemu.api;

import io.penumbra.domain.HostId;
import java.time.Duration;

/** What is said about leases between agents, and to them. */
public final class LeaseCalls {

  private LeaseCalls() {}

  /**
   * The primary's agent to its keeper's: keep my lease, or renew it.
   *
   * @param number of the controller's decision that made it the keeper
   * @param primary who asks
   * @param term the primary's; a keeper follows the newest only
   */
  public record Renew(HostId primary, long number, long term) {}

  /** Whether it was renewed. */
  public record Renewal(boolean renewed, String why) {}

  /**
   * The controller to the keeper's agent: renew no more, and say when the lease has run out.
   *
   * @param number of the decision that made it the keeper, by the controller's books
   * @param inForce whether the primary has said that it keeps to that decision, so that the keeper
   *     need not have heard of it
   * @param controllerSilent how long ago the controller's own last renewal left, at least
   */
  public record Stop(HostId primary, long number, boolean inForce, Duration controllerSilent) {}

  /**
   * What a keeper says about the end of a lease.
   *
   * @param certain whether it keeps that lease, so that the rest means something
   * @param ended whether the primary can't serve any more
   * @param left after how long it certainly can't; once it has ended, for how long that has been
   *     certain
   * @param silent whether nobody has answered
   * @param why for people
   */
  public record End(boolean certain, boolean ended, Duration left, boolean silent, String why) {}
}
