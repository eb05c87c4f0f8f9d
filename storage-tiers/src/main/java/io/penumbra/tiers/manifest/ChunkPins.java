package io.penumbra.tiers.manifest;

import io.penumbra.tiers.ChunkId;
import java.io.IOException;
import java.util.List;

/** What a commit needs of those who keep the chunks that it names. */
public interface ChunkPins {

  /**
   * Keeps chunks from being collected until they are unpinned.
   *
   * @return those that aren't here; then nothing is pinned
   */
  List<ChunkId> pin(List<ChunkId> chunks);

  /** Ends what {@link #pin} began. */
  void unpin(List<ChunkId> chunks);

  /** Makes durable whatever was put. */
  void sync() throws IOException;
}
