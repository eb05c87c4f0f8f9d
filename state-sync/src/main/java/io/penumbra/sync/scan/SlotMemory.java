package io.penumbra.sync.scan;

import java.lang.foreign.MemorySegment;

/** Gives memory off the heap for copies of pages: from RAM, or from a file beyond a bound. */
@FunctionalInterface
public interface SlotMemory {

  /** So many bytes of zeros, for as long as the owner lives. */
  MemorySegment allocate(long bytes);
}
