package io.penumbra.tiers;

import java.time.Instant;
import java.util.Optional;

/**
 * How a store is.
 *
 * @param away why the object tier doesn't take anything, and since when; empty when it does
 * @param waitingBytes that only this machine has
 * @param waitingSince when the oldest of these was begun, the lag of write-behind; empty when
 *     nothing waits
 * @param heldManifests that the object tier hasn't seen
 * @param localBytes on SSD
 * @param localBytesMax most of these; a put beyond it is refused unless something can leave
 * @param highShare share of these at which packs begin to leave
 */
public record StoreHealth(
    Optional<Away> away,
    long waitingBytes,
    Optional<Instant> waitingSince,
    int heldManifests,
    long localBytes,
    long localBytesMax,
    double highShare) {

  /** The object tier doesn't answer. */
  public record Away(Instant since, String reason, Instant retryAt) {}

  /** Whether so much waits that packs can't leave the SSD as they should. */
  public boolean urgent() {
    return localBytes > localBytesMax * highShare && waitingBytes > 0;
  }

  /** One sentence for a person. */
  public String sentence() {
    String room =
        "%d MiB of %d MiB on SSD, %d MiB of them not in the object tier, %d manifests held"
            .formatted(localBytes >> 20, localBytesMax >> 20, waitingBytes >> 20, heldManifests);
    return away.map(gone ->
            "object tier away since %s (%s); the SSD absorbs: %s"
                .formatted(gone.since(), gone.reason(), room))
        .orElse(room);
  }
}
