package io.penumbra.tiers;

import io.penumbra.tiers.cache.ChunkCache;
import io.penumbra.tiers.disk.Disk;
import io.penumbra.tiers.object.ObjectTier;
import io.penumbra.tiers.seal.ChunkSeal;
import java.io.IOException;
import java.time.InstantSource;

/**
 * What a tiered store is made of.
 *
 * @param disk SSD of this machine: where everything is durable first
 * @param objects lowest tier, shared with other machines
 * @param cache in front of the object tier
 * @param seal names, compresses and encrypts
 * @param owner name of this store, the same at every opening, and nobody else's in the object tier
 * @param clock for ages and heat; no answer's correctness rests on it
 */
public record StoreParts(
    Disk disk,
    ObjectTier objects,
    ChunkCache cache,
    ChunkSeal seal,
    String owner,
    InstantSource clock)
    implements AutoCloseable {

  public StoreParts {
    if (!owner.matches("[a-z0-9-]{1,64}")) {
      throw new IllegalArgumentException(
          "store name '%s'; expected 1 to 64 of a-z, 0-9 and hyphen".formatted(owner));
    }
  }

  /** Lets go of cache and object tier. */
  @Override
  public void close() throws IOException {
    try (objects) {
      cache.close();
    }
  }
}
