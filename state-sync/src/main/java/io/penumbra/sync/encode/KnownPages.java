package io.penumbra.sync.encode;

import java.util.Arrays;

/**
 * Where contents were seen last, by hash: a table with one place per hash, in which a newer content
 * displaces an older one, so it never grows. It only guesses; whoever asks compares the contents.
 */
final class KnownPages {

  /** At 12 bytes each, 3 MiB; enough for every page of a guest of 1 GiB. */
  static final int MOST = 1 << 18;

  private static final int NONE = -1;

  private final long[] hashes;
  private final int[] pages;

  /** Makes room for about so many pages, but never for more than {@link #MOST}. */
  KnownPages(int about) {
    int places = Integer.highestOneBit(Math.max(1, Math.min(MOST / 2, about))) << 1;
    hashes = new long[places];
    pages = new int[places];
    Arrays.fill(pages, NONE);
  }

  void put(long hash, int page) {
    int place = place(hash);
    hashes[place] = hash;
    pages[place] = page;
  }

  /** The page that was last put with this hash, or -1. */
  int get(long hash) {
    int place = place(hash);
    return hashes[place] == hash ? pages[place] : NONE;
  }

  void clear() {
    Arrays.fill(pages, NONE);
  }

  private int place(long hash) {
    return (int) (hash ^ hash >>> 32) & (hashes.length - 1);
  }
}
