package io.penumbra.sync.epoch;

import io.penumbra.domain.Guard;
import io.penumbra.domain.VmId;
import java.time.Instant;

/**
 * What an epoch is: the state of one VM at one cut.
 *
 * @param epoch counts up by one; the first is 1
 * @param base the epoch that the changes refer to, {@code epoch - 1}; 0 for the first, which is
 *     full
 * @param cutAt when it was cut, by the primary's clock
 * @param root of the hashes of all pages after the epoch
 * @param changedPages how many pages differ from the base
 * @param requestLogPosition every request before this position is in the state
 */
public record EpochManifest(
    VmId vm,
    long epoch,
    long base,
    Instant cutAt,
    StateLayout layout,
    StateRoot root,
    long changedPages,
    Consistency consistency,
    long requestLogPosition,
    HealthSnapshot health) {

  public EpochManifest {
    if (epoch < 1 || (base != epoch - 1 && base != 0)) {
      throw new IllegalArgumentException(
          "epoch %d on base %d; expected an epoch from 1 on, and the one before it or 0"
              .formatted(epoch, base));
    }
    Guard.notNegative("changed pages", changedPages);
    Guard.notNegative("position in the request log", requestLogPosition);
  }
}
