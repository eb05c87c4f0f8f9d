package io.penumbra.tiers;

import io.penumbra.domain.Guard;
import java.time.Duration;

/**
 * What one VM may take, and how much of its past is kept.
 *
 * @param bytesMax most that its chunks may take, stored; 0 for no quota
 * @param keepNewest manifests that are kept in any case
 * @param keepFor age up to which a manifest is kept in any case
 */
public record VmRules(long bytesMax, int keepNewest, Duration keepFor) {

  public VmRules {
    Guard.notNegative("bytesMax", bytesMax);
    Guard.positive("keepNewest", keepNewest);
    Guard.notNegative("keepFor in ms", keepFor.toMillis());
  }
}
