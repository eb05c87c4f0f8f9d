package io.penumbra.sync.epoch;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;

/**
 * Where a VM's state comes from: live memory that somebody else goes on writing. The engine holds
 * it for a moment, copies what has changed, and lets it go. Used by one thread.
 */
public interface StateSource extends AutoCloseable {

  /** Its regions, the same for as long as it is open. */
  StateLayout layout();

  /** Holds the state as still as this source can. At most one hold at a time. */
  Hold hold();

  @Override
  void close();

  /** The state while it is held. */
  interface Hold extends AutoCloseable {

    /** Whether nobody writes until this is closed. If not, the engine looks twice. */
    boolean still();

    /** A region's live bytes, off the heap, exactly as many as the layout says. */
    MemorySegment region(int region);

    /**
     * Pages that may have changed since the hold before this one, if somebody keeps track: all that
     * have, and maybe more. Empty means that every page has to be compared.
     */
    Optional<BitSet> mayHaveChanged();

    /** Every request before this position is in the state; 0 if there is no request log. */
    long requestLogPosition();

    /** How the guest is. */
    HealthSnapshot health();

    /** Lets writers go on. */
    @Override
    void close();
  }
}
