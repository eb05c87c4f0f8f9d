package io.penumbra.sync.epoch;

import java.lang.foreign.MemorySegment;

/**
 * The content of every page at one moment, to be read in place. A page is {@code segment(page)}
 * from {@code offset(page)} on, always 4096 bytes, padded with zeros at the end of a region. All
 * segments of a view are off the heap, so that vector loops see one kind of memory.
 */
public interface PageView {

  /** The memory a page lies in. */
  MemorySegment segment(int page);

  /** Where in that memory it starts. */
  long offset(int page);

  /** How many there are, numbered from 0. */
  int pages();
}
