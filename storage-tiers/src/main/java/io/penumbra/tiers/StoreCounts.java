package io.penumbra.tiers;

import java.util.concurrent.atomic.LongAdder;

/** What a store has done since it was opened. Safe for use by several threads. */
public final class StoreCounts {

  final LongAdder puts = new LongAdder();
  final LongAdder putBytes = new LongAdder();
  final LongAdder duplicates = new LongAdder();
  final LongAdder sealedBytes = new LongAdder();
  final LongAdder ssdReads = new LongAdder();
  final LongAdder cacheReads = new LongAdder();
  final LongAdder objectReads = new LongAdder();
  final LongAdder objectRequests = new LongAdder();
  final LongAdder repairs = new LongAdder();
  final LongAdder misses = new LongAdder();

  StoreCounts() {}

  /** Puts that were answered with {@code Stored}. */
  public long puts() {
    return puts.sum();
  }

  /** Bytes of these, as they were given. */
  public long putBytes() {
    return putBytes.sum();
  }

  /** Of these, puts of what was there already. */
  public long duplicates() {
    return duplicates.sum();
  }

  /** Bytes that were written for the others. */
  public long sealedBytes() {
    return sealedBytes.sum();
  }

  /** Gets answered from packs on SSD. */
  public long ssdReads() {
    return ssdReads.sum();
  }

  /** Gets answered from the cache: heap, off-heap or its file. */
  public long cacheReads() {
    return cacheReads.sum();
  }

  /** Gets answered by the object tier. */
  public long objectReads() {
    return objectReads.sum();
  }

  /** Requests to the object tier that these took. */
  public long objectRequests() {
    return objectRequests.sum();
  }

  /** Chunks found damaged in one place and mended from another. */
  public long repairs() {
    return repairs.sum();
  }

  /** Gets that found nothing. */
  public long misses() {
    return misses.sum();
  }
}
