package io.penumbra.tiers;

import io.penumbra.domain.VmId;
import java.util.List;
import java.util.Optional;

/**
 * What one round of upkeep did.
 *
 * @param ended packs that stopped growing
 * @param uploaded packs that went to the object tier
 * @param uploadedBytes of these
 * @param evicted packs that left the SSD
 * @param risen packs that came back
 * @param risenBytes of these
 * @param manifestsSettled held manifests that the object tier took
 * @param writersLost VMs whose held manifests came too late: somebody else had written
 * @param problem why there is more to do that couldn't be done
 * @param more whether there is more to do that was left for the next round
 */
public record Upkeep(
    int ended,
    int uploaded,
    long uploadedBytes,
    int evicted,
    int risen,
    long risenBytes,
    int manifestsSettled,
    List<VmId> writersLost,
    Optional<String> problem,
    boolean more) {

  public Upkeep {
    writersLost = List.copyOf(writersLost);
  }

  /** Whether something moved. */
  public boolean moved() {
    return ended + uploaded + evicted + risen + manifestsSettled > 0 || !writersLost.isEmpty();
  }
}
