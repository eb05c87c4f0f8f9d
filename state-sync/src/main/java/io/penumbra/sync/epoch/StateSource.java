package io.penumbra.sync.epoch;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;

/**
 * Where a VM's state comes from: live memory that somebody else goes on writing. The engine holds
 * it for a moment, copies what has changed, and lets it go; comparing, hashing and coding come
 * after. Used by one thread.
 */
public interface StateSource extends AutoCloseable {

  /** Its regions, the same for as long as it is open. */
  StateLayout layout();

  /** Holds the state as still as this source can. At most one hold at a time. */
  Hold hold();

  /**
   * A look at the live state ahead of a hold. What is found is copied before the hold, so that less
   * is left for it. Only worth it where a hold makes somebody wait, so by default there is none.
   */
  default Optional<Glimpse> glimpse() {
    return Optional.empty();
  }

  /**
   * A look at the live state between two cuts, to send ahead what has changed by then. By default
   * it is a glimpse; a source that is not looked at before a hold may still allow it.
   */
  default Optional<Glimpse> between() {
    return glimpse();
  }

  @Override
  void close();

  /** What a source knows of its pages; they are counted from the region's first. */
  interface Look {

    /**
     * Pages of a region that may have changed since this was asked before, by a glimpse or a hold:
     * all that have, and not many more. The first time all that may be other than zero. The engine
     * remembers them until the cut is accepted; whoever keeps track may forget them. Empty means
     * that nobody keeps track, and that every page has to be compared.
     */
    Optional<BitSet> mayHaveChanged(int region);

    /**
     * Pages of a region that may be other than zero now, for a region of which nobody keeps track:
     * holes of a sparse file are not in it, and cost nothing. Empty means that any page may be.
     */
    default Optional<BitSet> mayHoldData(int region) {
      return Optional.empty();
    }
  }

  /** The live state while writers go on. */
  interface Glimpse extends Look {

    /** A region's live bytes; empty if this region can be read in a hold only, as devices can. */
    Optional<MemorySegment> region(int region);
  }

  /** The state while it is held. */
  interface Hold extends Look, AutoCloseable {

    /** Whether nobody writes until this is closed. If not, the engine looks twice. */
    boolean still();

    /** A region's live bytes, off the heap, exactly as many as the layout says. */
    MemorySegment region(int region);

    /** Every request before this position is in the state; 0 if there is no request log. */
    long requestLogPosition();

    /** How the guest is. */
    HealthSnapshot health();

    /** Lets writers go on. The memory of the regions may not be read any more. */
    @Override
    void close();
  }
}
