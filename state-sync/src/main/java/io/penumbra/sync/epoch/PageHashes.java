package io.penumbra.sync.epoch;

import java.util.Arrays;

/**
 * The hash of every page, and their root. The root is the sum of a mixture of page number and hash
 * over all pages, modulo 2^128 in two halves (AdHash: Bellare and Micciancio, <i>A New Paradigm for
 * Collision-free Hashing</i>, 1997): a page that changes costs one subtraction and one addition,
 * however many pages there are, and order does not matter. Eight bytes of memory per page. Owned by
 * one thread.
 */
public final class PageHashes {

  private static final long HIGH_SEED = 0x9E3779B97F4A7C15L;
  private static final long LOW_SEED = 0xD1B54A32D192ED03L;

  private final long[] hashes;
  private long high;
  private long low;

  private PageHashes(long[] hashes, long high, long low) {
    this.hashes = hashes;
    this.high = high;
    this.low = low;
  }

  /** A state of nothing but zeros. */
  public static PageHashes ofZeros(int pages) {
    long[] hashes = new long[pages];
    Arrays.fill(hashes, PageHash.ZERO_PAGE);
    return of(hashes);
  }

  /** A state of these page hashes; keeps the array. */
  public static PageHashes of(long[] hashes) {
    long high = 0;
    long low = 0;
    for (int page = 0; page < hashes.length; page++) {
      high += mix(page, hashes[page], HIGH_SEED);
      low += mix(page, hashes[page], LOW_SEED);
    }
    return new PageHashes(hashes, high, low);
  }

  public int pages() {
    return hashes.length;
  }

  public long get(int page) {
    return hashes[page];
  }

  /** A page has changed. */
  public void set(int page, long hash) {
    long before = hashes[page];
    if (before != hash) {
      high += mix(page, hash, HIGH_SEED) - mix(page, before, HIGH_SEED);
      low += mix(page, hash, LOW_SEED) - mix(page, before, LOW_SEED);
      hashes[page] = hash;
    }
  }

  /** All of them in one number. */
  public StateRoot root() {
    return new StateRoot(high, low);
  }

  /** What the root would be if these pages had these hashes. */
  public StateRoot rootWith(int count, int[] pages, long[] changed) {
    long newHigh = high;
    long newLow = low;
    for (int i = 0; i < count; i++) {
      long before = hashes[pages[i]];
      newHigh += mix(pages[i], changed[i], HIGH_SEED) - mix(pages[i], before, HIGH_SEED);
      newLow += mix(pages[i], changed[i], LOW_SEED) - mix(pages[i], before, LOW_SEED);
    }
    return new StateRoot(newHigh, newLow);
  }

  /** The same hashes in memory of their own. */
  public PageHashes copy() {
    return new PageHashes(hashes.clone(), high, low);
  }

  /** Two rounds of SplitMix64's finalizer (Steele, Lea, Flood 2014) over page number and hash. */
  private static long mix(int page, long hash, long seed) {
    return finish(finish(page * seed + seed) ^ hash);
  }

  private static long finish(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
