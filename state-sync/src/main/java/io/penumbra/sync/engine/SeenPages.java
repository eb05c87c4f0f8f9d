package io.penumbra.sync.engine;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Pages that were not as at the last acked cut when somebody looked, with the hashes they had then.
 *
 * @param pages in order
 */
// Made for one use and handed over.
@SuppressWarnings("ArrayRecordComponent")
record SeenPages(int[] pages, long[] hashes) {

  static final SeenPages NONE = new SeenPages(new int[0], new long[0]);

  /** Those of some pages that are among these. */
  SeenPages only(int[] wanted) {
    long[] kept = new long[wanted.length];
    for (int i = 0; i < wanted.length; i++) {
      kept[i] = hashes[Arrays.binarySearch(pages, wanted[i])];
    }
    return new SeenPages(wanted, kept);
  }

  /** The pages that have another hash in the other one, or are in one of the two only, in order. */
  int[] differing(SeenPages other) {
    int[] found = new int[pages.length + other.pages.length];
    int count = 0;
    int here = 0;
    int there = 0;
    while (here < pages.length || there < other.pages.length) {
      int mine = here < pages.length ? pages[here] : Integer.MAX_VALUE;
      int others = there < other.pages.length ? other.pages[there] : Integer.MAX_VALUE;
      if (mine != others || hashes[here] != other.hashes[there]) {
        found[count++] = Math.min(mine, others);
      }
      here += mine <= others ? 1 : 0;
      there += others <= mine ? 1 : 0;
    }
    return Arrays.copyOf(found, count);
  }

  /** All these pages and some others, in order. */
  int[] with(int[] others) {
    return IntStream.concat(Arrays.stream(pages), Arrays.stream(others))
        .sorted()
        .distinct()
        .toArray();
  }
}
