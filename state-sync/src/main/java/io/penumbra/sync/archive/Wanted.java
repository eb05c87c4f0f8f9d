package io.penumbra.sync.archive;

import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.manifest.Manifest;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/** The chunks that a restore needs, and which pages are in each. */
final class Wanted {

  /** Pages in a whole chunk; the last one of a manifest may have fewer. */
  static final int CHUNK_PAGES = 16;

  private final List<ChunkId> ids = new ArrayList<>();
  private final List<int[]> pages = new ArrayList<>();

  private Wanted() {}

  /**
   * What these manifests come to.
   *
   * @param chain from the one that stands alone to the one that is wanted
   * @throws IllegalArgumentException if a manifest names other chunks than its pages need
   */
  static Wanted of(Deque<Manifest> chain) {
    Wanted wanted = new Wanted();
    BitSet seen = new BitSet();
    for (Iterator<Manifest> newestFirst = chain.descendingIterator(); newestFirst.hasNext(); ) {
      wanted.add(newestFirst.next(), seen);
    }
    // The oldest lie together in their packs, and most of a state is old.
    Collections.reverse(wanted.ids);
    Collections.reverse(wanted.pages);
    return wanted;
  }

  private void add(Manifest manifest, BitSet seen) {
    int[] all = ArchivedEpoch.read(manifest.body()).pages();
    if (manifest.chunks().size() != (all.length + CHUNK_PAGES - 1) / CHUNK_PAGES) {
      throw new IllegalArgumentException(
          "%d chunks for %d pages".formatted(manifest.chunks().size(), all.length));
    }
    for (int chunk = manifest.chunks().size() - 1; chunk >= 0; chunk--) {
      int from = chunk * CHUNK_PAGES;
      int[] held = new int[Math.min(CHUNK_PAGES, all.length - from)];
      boolean needed = false;
      for (int i = 0; i < held.length; i++) {
        int page = all[from + i];
        held[i] = seen.get(page) ? -1 : page;
        needed |= held[i] >= 0;
        seen.set(page);
      }
      if (needed) {
        ids.add(manifest.chunks().get(chunk));
        pages.add(held);
      }
    }
  }

  /** In the order in which they are best read. */
  List<ChunkId> ids() {
    return Collections.unmodifiableList(ids);
  }

  /** Pages of the chunk at this place of the list; -1 for one that a newer manifest has. */
  int[] pages(int index) {
    return pages.get(index);
  }

  /** Writes the pages of a chunk to where they belong. */
  void write(int index, ByteBuffer content, RegionPages into) {
    MemorySegment bytes = MemorySegment.ofBuffer(content);
    int[] held = pages.get(index);
    for (int i = 0; i < held.length; i++) {
      if (held[i] >= 0) {
        into.write(held[i], bytes, (long) i << PageSize.SHIFT);
      }
    }
  }
}
