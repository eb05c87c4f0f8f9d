package io.penumbra.sync.meter;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.tiers.KeeperStats;
import io.penumbra.tiers.StoreCounts;
import io.penumbra.tiers.StoreHealth;
import io.penumbra.tiers.StoreKeeper;
import io.penumbra.tiers.TieredChunkStore;
import java.util.function.ToDoubleFunction;

/** The meters of a tier store and of its keeper, read from them when somebody looks. */
public final class StoreMeters {

  private final MeterRegistry registry;
  private final TieredChunkStore store;
  private final StoreKeeper keeper;

  private StoreMeters(MeterRegistry registry, TieredChunkStore store, StoreKeeper keeper) {
    this.registry = registry;
    this.store = store;
    this.keeper = keeper;
  }

  /** Registers them. */
  public static void register(TieredChunkStore store, StoreKeeper keeper, MeterRegistry registry) {
    StoreMeters meters = new StoreMeters(registry, store, keeper);
    meters.puts();
    meters.gets();
    meters.backlog();
    meters.upkeep();
  }

  private void puts() {
    counted("penumbra.store.puts", "Chunks that were put", StoreCounts::puts);
    counted("penumbra.store.put.bytes", "Bytes of these", StoreCounts::putBytes);
    counted("penumbra.store.duplicates", "Chunks that were there", StoreCounts::duplicates);
    counted(
        "penumbra.store.sealed.bytes", "Bytes written for the others", StoreCounts::sealedBytes);
    counted("penumbra.store.object.writes", "Packs sent away", StoreCounts::objectWrites);
    counted("penumbra.store.object.requests", "Requests to read", StoreCounts::objectRequests);
  }

  private void gets() {
    got("cache", StoreCounts::cacheReads);
    got("ssd", StoreCounts::ssdReads);
    got("object", StoreCounts::objectReads);
    got("none", StoreCounts::misses);
    Gauge.builder("penumbra.store.hit.share", store, of -> hitShare(of.counts()))
        .description("Gets answered without the object tier, of all that were answered")
        .register(registry);
  }

  private static double hitShare(StoreCounts counts) {
    double near = counts.cacheReads() + (double) counts.ssdReads();
    double all = near + counts.objectReads();
    return all == 0 ? 1 : near / all;
  }

  private void backlog() {
    shown("penumbra.store.waiting.bytes", "Not in the object tier", StoreHealth::waitingBytes);
    shown("penumbra.store.held.manifests", "Not there either", StoreHealth::heldManifests);
    shown("penumbra.store.ssd.bytes", "Bytes of packs on SSD", StoreHealth::localBytes);
    shown("penumbra.store.away", "1: no object tier", of -> of.away().isPresent() ? 1 : 0);
  }

  private void upkeep() {
    kept("penumbra.store.scrub.bytes", "Bytes read and checked", KeeperStats::scrubbedBytes);
    kept("penumbra.store.scrub.damaged", "Places that were not whole", KeeperStats::damaged);
    kept("penumbra.store.scrub.mended", "Of these, mended", KeeperStats::mended);
    kept("penumbra.store.scrub.lost", "Chunks that nobody had whole", KeeperStats::lost);
    kept("penumbra.store.moved.bytes", "Bytes moved between tiers", KeeperStats::movedBytes);
    kept("penumbra.store.freed.bytes", "Bytes of garbage freed", KeeperStats::bytesFreed);
    counted("penumbra.store.repairs", "Chunks mended when they were read", StoreCounts::repairs);
  }

  private void counted(String name, String text, ToDoubleFunction<StoreCounts> value) {
    FunctionCounter.builder(name, store, of -> value.applyAsDouble(of.counts()))
        .description(text)
        .register(registry);
  }

  private void got(String tier, ToDoubleFunction<StoreCounts> value) {
    FunctionCounter.builder("penumbra.store.gets", store, of -> value.applyAsDouble(of.counts()))
        .description("Chunks that were asked for, by who had them")
        .tag("tier", tier)
        .register(registry);
  }

  private void shown(String name, String text, ToDoubleFunction<StoreHealth> value) {
    Gauge.builder(name, store, of -> value.applyAsDouble(of.health()))
        .description(text)
        .register(registry);
  }

  private void kept(String name, String text, ToDoubleFunction<KeeperStats> value) {
    FunctionCounter.builder(name, keeper, of -> value.applyAsDouble(of.stats()))
        .description(text)
        .register(registry);
  }
}
