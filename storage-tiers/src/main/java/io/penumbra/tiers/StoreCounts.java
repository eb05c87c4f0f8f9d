package io.penumbra.tiers;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.tiers.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a store has done since it was made. Kept in a file, so that hit rates outlive a restart;
 * what an unclean stop costs them is of no consequence. Safe for use by several threads.
 */
public final class StoreCounts {

  private static final String FILE = "counts";
  private static final int BYTES_MAX = 4096;

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
  final LongAdder objectWrites = new LongAdder();

  StoreCounts() {}

  private SortedMap<String, LongAdder> named() {
    SortedMap<String, LongAdder> named = new TreeMap<>();
    named.put("puts", puts);
    named.put("putBytes", putBytes);
    named.put("duplicates", duplicates);
    named.put("sealedBytes", sealedBytes);
    named.put("ssdReads", ssdReads);
    named.put("cacheReads", cacheReads);
    named.put("objectReads", objectReads);
    named.put("objectRequests", objectRequests);
    named.put("repairs", repairs);
    named.put("misses", misses);
    named.put("objectWrites", objectWrites);
    return named;
  }

  /** Those that were saved; none if there are none, or they can't be read. */
  static StoreCounts load(Disk disk) {
    StoreCounts counts = new StoreCounts();
    try {
      SortedMap<String, LongAdder> named = counts.named();
      String text = UTF_8.decode(disk.read(FILE, 0, BYTES_MAX)).toString();
      for (String line : text.split("\n", -1)) {
        String[] words = line.split(" ", -1);
        LongAdder count = named.get(words[0]);
        if (count != null && words.length == 2 && words[1].matches("[0-9]{1,18}")) {
          count.add(Long.parseLong(words[1]));
        }
      }
    } catch (IOException e) {
      // They begin anew: nothing rests on them.
    }
    return counts;
  }

  void save(Disk disk) throws IOException {
    StringBuilder text = new StringBuilder();
    named()
        .forEach((name, count) -> text.append(name).append(' ').append(count.sum()).append('\n'));
    disk.writeWhole(FILE, ByteBuffer.wrap(text.toString().getBytes(UTF_8)));
  }

  /** Packs that went to the object tier, one request each. */
  public long objectWrites() {
    return objectWrites.sum();
  }

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
