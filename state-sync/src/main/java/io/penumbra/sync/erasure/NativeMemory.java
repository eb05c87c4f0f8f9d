package io.penumbra.sync.erasure;

import java.lang.foreign.MemorySegment;

/** All memory as one segment, so that a loop over many shards checks no bounds of its own. */
final class NativeMemory {

  /** {@link ReedSolomon} has checked every shard's bounds before a kernel sees its address. */
  @SuppressWarnings("restricted") // the addresses are those of checked, living segments
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private NativeMemory() {}
}
