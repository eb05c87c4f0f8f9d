package io.penumbra.tiers;

import java.nio.ByteBuffer;
import java.util.Optional;

/** Somebody who may still have a chunk's content: the primary, another replica. */
public interface ChunkSource {

  /** Knows nobody. */
  ChunkSource NOBODY = id -> Optional.empty();

  /** The content, if it can be had; the caller checks it against the name. */
  Optional<ByteBuffer> fetch(ChunkId id);
}
