package io.penumbra.tiers.cache;

import io.penumbra.tiers.ChunkId;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Keeps sealed chunks that came from far away. It may forget any of them at any time, and what it
 * gives is checked like what a disk gives. Safe for use by several threads.
 */
public interface ChunkCache extends AutoCloseable {

  /** The sealed chunk, if it is still here. */
  Optional<ByteBuffer> get(ChunkId id);

  /** Takes a sealed chunk. */
  void put(ChunkId id, ByteBuffer sealed);

  /** Forgets a chunk. */
  void remove(ChunkId id);

  /** What it has done since it was opened. */
  Facts facts();

  @Override
  void close();

  /**
   * Counts since the opening.
   *
   * @param heapHits gets answered from the heap, and so on downwards
   */
  record Facts(
      long heapHits,
      long offHeapHits,
      long diskHits,
      long misses,
      long evictions,
      long entries,
      long offHeapBytes,
      long diskBytes) {

    /** Nothing yet. */
    public static final Facts NONE = new Facts(0, 0, 0, 0, 0, 0, 0, 0);

    /** Gets that were answered. */
    public long hits() {
      return heapHits + offHeapHits + diskHits;
    }
  }

  /** A cache that keeps nothing. */
  static ChunkCache none() {
    return new ChunkCache() {
      @Override
      public Optional<ByteBuffer> get(ChunkId id) {
        return Optional.empty();
      }

      @Override
      public void put(ChunkId id, ByteBuffer sealed) {
        // Keeps nothing.
      }

      @Override
      public void remove(ChunkId id) {
        // Has nothing.
      }

      @Override
      public Facts facts() {
        return Facts.NONE;
      }

      @Override
      public void close() {
        // Holds nothing.
      }
    };
  }
}
