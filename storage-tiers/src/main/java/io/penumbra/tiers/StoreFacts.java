package io.penumbra.tiers;

import io.penumbra.tiers.cache.ChunkCache;
import io.penumbra.tiers.pack.PackFacts;
import io.penumbra.tiers.pack.PackShelf;
import java.util.ArrayList;
import java.util.List;

/**
 * What a store holds, and where.
 *
 * @param chunks different ones
 * @param liveBytes of these, as they are kept
 * @param ssdBytes of packs on SSD
 * @param ssdPacks these packs
 * @param objectBytes of packs in the object tier
 * @param objectPacks these packs
 * @param garbageBytes of records that nothing points to any more, once per pack
 * @param warmPacks packs that stay on SSD longest
 * @param cache what the cache has done since the opening
 */
public record StoreFacts(
    int chunks,
    long liveBytes,
    long ssdBytes,
    int ssdPacks,
    long objectBytes,
    int objectPacks,
    long garbageBytes,
    int warmPacks,
    ChunkCache.Facts cache) {

  static StoreFacts of(PackShelf shelf, ChunkCache cache) {
    List<PackFacts> own = new ArrayList<>();
    shelf.describe((name, facts) -> {
      if (facts.own()) {
        own.add(facts);
      }
    });
    return new StoreFacts(
        shelf.chunks(),
        own.stream().mapToLong(PackFacts::liveBytes).sum(),
        own.stream().filter(PackFacts::local).mapToLong(PackFacts::bytes).sum(),
        (int) own.stream().filter(PackFacts::local).count(),
        own.stream().filter(PackFacts::remote).mapToLong(PackFacts::bytes).sum(),
        (int) own.stream().filter(PackFacts::remote).count(),
        own.stream().mapToLong(pack -> Math.max(0, pack.bytes() - pack.liveBytes())).sum(),
        (int) own.stream().filter(pack -> pack.temper().isWarm()).count(),
        cache.facts());
  }
}
