package io.penumbra.sync.epoch;

import io.penumbra.domain.VmId;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Where a VM's state goes: durable, one epoch at a time, each whole or not at all. Pages are staged
 * beside the last epoch and become the next one together. The first epoch has none before it, so
 * its pages go where they belong at once, and a transfer that broke finds them there. Used by one
 * thread.
 */
public interface StateSink extends AutoCloseable {

  /** Makes ready for a VM, and finds out what is there of it. */
  Opening open(VmId vm, StateLayout layout) throws IOException;

  /** The state of the newest epoch that was applied, or as much of the first as has arrived. */
  PageView view();

  /** Puts a page aside for the next epoch. */
  void stage(int page, MemorySegment content, long offset, long hash) throws IOException;

  /**
   * The page has rotted in the copy of the newest epoch; this is what it was, and is put back at
   * once. It is in no epoch's changes.
   */
  default void mend(int page, MemorySegment content, long offset, long hash) throws IOException {
    stage(page, content, offset, hash);
  }

  /** The page is not in the next epoch after all. */
  void unstage(int page);

  /** No page is in it. */
  void discard() throws IOException;

  /** Makes what is staged durable as the next epoch. On return it survives any crash. */
  void commit(EpochManifest manifest) throws IOException;

  /** Makes the epoch that was committed last the state of {@link #view}. */
  void apply() throws IOException;

  @Override
  void close() throws IOException;

  /** What there is of a VM. */
  sealed interface Opening {

    /**
     * Ready.
     *
     * @param newest the newest durable epoch, if any
     * @param have the hashes of what is really there, read just now
     */
    record Opened(Optional<EpochManifest> newest, PageHashes have) implements Opening {}

    /** No, and asking again won't help. */
    record Refused(String reason) implements Opening {}
  }
}
