package io.penumbra.sync.archive;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.tiers.ChunkId;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * What an archive needs so that others than its writer can restore from it, and go on writing it
 * after him: the engine's numbers begin anew with every pair of ends, and a store relies on its own
 * packs only.
 */
public interface Sharing {

  /** An archive that one receiver writes for ever, and whoever reads it opens the same store. */
  Sharing NONE = new Sharing() {};

  /** Whether it writes into a line of epochs that others write as well. */
  default boolean severalWriters() {
    return false;
  }

  /**
   * Whether an epoch counts as kept that the object tier has not taken yet: should another writer
   * have won meanwhile, it is dropped.
   */
  default boolean heldIsKept() {
    return true;
  }

  /** What the epoch is called in the store. */
  default long number(EpochManifest epoch) {
    return epoch.epoch();
  }

  /** Whether an epoch is of no use once the other one is kept. */
  default boolean isSuperseded(EpochManifest epoch, EpochManifest by) {
    return by.epoch() >= epoch.epoch();
  }

  /** What is kept with every epoch. */
  default ByteBuffer note() {
    return ByteBuffer.allocate(0);
  }

  /**
   * Makes all that was put as durable as it has to be before a manifest names it.
   *
   * @return why that can't be done now
   */
  default Optional<String> secure() {
    return Optional.empty();
  }

  /**
   * Makes chunks readable that another writer has put.
   *
   * @return why it can't be said what that one has
   */
  default Optional<String> learn(String writer, List<ChunkId> wanted) {
    return Optional.empty();
  }
}
