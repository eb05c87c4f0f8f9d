package io.penumbra.tiers.cache;

import io.penumbra.tiers.ChunkId;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.ehcache.Cache;
import org.ehcache.PersistentCacheManager;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.CacheManagerBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.ehcache.config.units.EntryUnit;
import org.ehcache.config.units.MemoryUnit;
import org.ehcache.core.internal.statistics.DefaultStatisticsService;
import org.ehcache.core.spi.service.StatisticsService;
import org.ehcache.core.statistics.CacheStatistics;
import org.ehcache.core.statistics.TierStatistics;

/**
 * Ehcache with three tiers: heap, off-heap memory, and a file on SSD. After an unclean stop Ehcache
 * deletes its file (measured: none of 4,000 entries came back after a kill), which is why it only
 * ever holds copies. Values are sealed chunks, so the file is encrypted when the store is.
 *
 * <p>The key is the first half of the chunk's first word; should two chunks share it, the seal of
 * one doesn't open under the name of the other, and the reader goes further down.
 */
public final class EhcacheChunks implements ChunkCache {

  private static final String CHUNKS = "chunks";

  private final PersistentCacheManager keeper;
  private final Cache<Long, byte[]> cache;
  private final CacheStatistics statistics;

  private EhcacheChunks(
      PersistentCacheManager keeper, Cache<Long, byte[]> cache, CacheStatistics statistics) {
    this.keeper = keeper;
    this.cache = cache;
    this.statistics = statistics;
  }

  /**
   * Opens the cache.
   *
   * @param directory for its file; belongs to it alone
   * @param heapEntries chunks on the heap
   * @param offHeapMib memory outside the heap; more than on the heap, and at least 1
   * @param diskMib of the file; more than off-heap
   */
  public static EhcacheChunks open(Path directory, int heapEntries, int offHeapMib, int diskMib) {
    StatisticsService counting = new DefaultStatisticsService();
    PersistentCacheManager keeper =
        CacheManagerBuilder.newCacheManagerBuilder()
            .using(counting)
            .with(CacheManagerBuilder.persistence(directory.toFile()))
            .withCache(
                CHUNKS,
                CacheConfigurationBuilder.newCacheConfigurationBuilder(
                    Long.class,
                    byte[].class,
                    ResourcePoolsBuilder.newResourcePoolsBuilder()
                        .heap(heapEntries, EntryUnit.ENTRIES)
                        .offheap(offHeapMib, MemoryUnit.MB)
                        .disk(diskMib, MemoryUnit.MB, true)))
            .build(true);
    return new EhcacheChunks(
        keeper,
        keeper.getCache(CHUNKS, Long.class, byte[].class),
        counting.getCacheStatistics(CHUNKS));
  }

  @Override
  public Optional<ByteBuffer> get(ChunkId id) {
    return Optional.ofNullable(cache.get(id.first())).map(ByteBuffer::wrap);
  }

  @Override
  public void put(ChunkId id, ByteBuffer sealed) {
    byte[] bytes = new byte[sealed.remaining()];
    sealed.duplicate().get(bytes);
    cache.put(id.first(), bytes);
  }

  @Override
  public void remove(ChunkId id) {
    cache.remove(id.first());
  }

  @Override
  public Facts facts() {
    Optional<TierStatistics> offHeap = tier("OffHeap");
    Optional<TierStatistics> disk = tier("Disk");
    return new Facts(
        tier("OnHeap").map(TierStatistics::getHits).orElse(0L),
        offHeap.map(TierStatistics::getHits).orElse(0L),
        disk.map(TierStatistics::getHits).orElse(0L),
        statistics.getCacheMisses(),
        statistics.getCacheEvictions(),
        disk.map(TierStatistics::getMappings).orElse(0L),
        offHeap.map(TierStatistics::getOccupiedByteSize).orElse(0L),
        disk.map(TierStatistics::getOccupiedByteSize).orElse(0L));
  }

  private Optional<TierStatistics> tier(String name) {
    return Optional.ofNullable(statistics.getTierStatistics().get(name));
  }

  @Override
  public void close() {
    keeper.close();
  }
}
