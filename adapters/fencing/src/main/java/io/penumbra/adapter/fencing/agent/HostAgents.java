package io.penumbra.adapter.fencing.agent;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.FencingResult;
import java.time.Duration;

/**
 * The node agents, as fencing sees them. Each call takes as long as the agent needs, within a limit
 * of its own, and never throws because of the network.
 */
public interface HostAgents {

  /**
   * Stops one instance. {@code Fenced} only when the agent has seen that its process is gone, or
   * that it never had one.
   */
  FencingResult stopVm(HostId host, VmId vm) throws InterruptedException;

  /**
   * Stops every instance that serves on a host and lets none begin until the controller says so.
   * {@code Fenced} only when all of that is so.
   */
  FencingResult stopAll(HostId host) throws InterruptedException;

  /**
   * Asks the agent that keeps a lease to stop renewing it, and when it will have run out. The same
   * question again asks how far it is.
   *
   * @param keeper the shadow's host
   * @param controllerSilent how long ago the controller's own last renewal left, at least
   */
  LeaseAnswer endLease(HostId keeper, VmId vm, HostId primary, Duration controllerSilent)
      throws InterruptedException;
}
