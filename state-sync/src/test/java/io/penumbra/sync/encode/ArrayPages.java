package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A small machine's memory, to be written to at will. */
final class ArrayPages implements PageView {

  private final MemorySegment memory;

  ArrayPages(int pages) {
    memory = Arena.ofAuto().allocate((long) pages * PageSize.BYTES);
  }

  @Override
  public MemorySegment segment(int page) {
    return memory;
  }

  @Override
  public long offset(int page) {
    return (long) page << PageSize.SHIFT;
  }

  @Override
  public int pages() {
    return (int) (memory.byteSize() >>> PageSize.SHIFT);
  }

  byte[] page(int page) {
    byte[] bytes = new byte[PageSize.BYTES];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset(page), bytes, 0, bytes.length);
    return bytes;
  }

  void set(int page, byte[] bytes, int from) {
    MemorySegment.copy(bytes, from, memory, ValueLayout.JAVA_BYTE, offset(page), PageSize.BYTES);
  }

  void copyFrom(ArrayPages other) {
    memory.copyFrom(other.memory);
  }

  boolean same(ArrayPages other, int page) {
    return MemorySegment.mismatch(
            memory,
            offset(page),
            offset(page) + PageSize.BYTES,
            other.memory,
            offset(page),
            offset(page) + PageSize.BYTES)
        < 0;
  }
}
