package io.penumbra.adapter.qemu.api;

import io.penumbra.domain.Guard;
import io.penumbra.domain.HostId;
import java.time.Duration;
import java.util.List;

/**
 * Send a VM's epochs to a shadow, until told to stop.
 *
 * @param host where the shadow stands
 * @param agent address of the agent there, for lease renewals
 * @param addresses where it takes epochs in
 * @param link number that marks the link
 * @param interval from cut to cut
 */
public record ReplicaOrder(
    HostId host, String agent, List<String> addresses, long link, Duration interval) {

  public ReplicaOrder {
    addresses = List.copyOf(addresses);
    Guard.positive("epoch interval in ms", (double) interval.toMillis());
  }

  /** The same at another pace. */
  public ReplicaOrder withInterval(Duration changed) {
    return new ReplicaOrder(host, agent, addresses, link, changed);
  }
}
