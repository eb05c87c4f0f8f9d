package io.penumbra.sync;

import io.penumbra.domain.Guard;
import java.time.Instant;

/**
 * What the agent beside a shadow says after it has applied an epoch and made it durable.
 *
 * @param epoch which one; epochs of a VM count up by one
 * @param cutAt when the state was cut, by the primary's clock: what came later is not in it
 * @param bytes what was shipped for it
 * @param verified whether every page's hash was checked after it was applied
 */
public record EpochAck(Replica replica, long epoch, Instant cutAt, long bytes, boolean verified) {

  public EpochAck {
    Guard.notNegative("epoch", epoch);
    Guard.notNegative("bytes", bytes);
  }
}
