package io.penumbra.tiers;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.ManifestStore.Reading;
import io.penumbra.tiers.manifest.ManifestStore.Removal;
import io.penumbra.tiers.manifest.ManifestStore.Versions;
import io.penumbra.tiers.manifest.ManifestStore.Vms;
import io.penumbra.tiers.pack.PackCollector;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.Opened;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Retention and garbage collection of one store. Removes manifests that nobody promised to keep,
 * then chunks that no manifest names; {@link PackCollector} states the rule for chunks. One
 * manifest that can't be read stops it, for nobody knows what that one names.
 */
public final class GarbageCollection {

  private final TieredChunkStore store;
  private final ManifestStore manifests;
  private final StoreRules rules;

  /** Will collect in this store. */
  public GarbageCollection(TieredChunkStore store) {
    this.store = store;
    this.manifests = store.manifests();
    this.rules = store.rules();
  }

  /** What a collection came to. */
  public sealed interface Collected {

    /**
     * It was done.
     *
     * @param manifestsRemoved by retention
     * @param manifestsKept that exist still
     * @param dangling chunks that a manifest of this store names and that aren't here; a restore of
     *     these VMs will fail
     * @param swept what became of chunks and packs
     */
    record Done(
        int manifestsRemoved,
        int manifestsKept,
        Map<VmId, Integer> dangling,
        PackCollector.Swept swept)
        implements Collected {}

    /** Nothing was deleted, since nobody can say what is garbage. */
    record NotNow(String reason) implements Collected {}
  }

  /** Stops a marking that can't be complete. */
  private static final class Unsure extends Exception {
    private static final long serialVersionUID = 1;

    Unsure(String reason) {
      super(reason);
    }
  }

  /** What a marking has seen so far. */
  private static final class Tally {
    int removed;
    int kept;
    final TreeMap<VmId, Integer> dangling = new TreeMap<>();
    final TreeMap<VmId, Long> usage = new TreeMap<>();
  }

  /**
   * Runs it.
   *
   * @param rekey whether packs with chunks under a key that is no longer active are rewritten
   */
  public Collected run(boolean rekey) throws IOException {
    return run(rekey, rules.grace());
  }

  /**
   * Runs it with another grace period.
   *
   * @param grace time that a writer has between a put and its commit. None is right for whoever has
   *     the store to himself. For others it is safe, too, but a commit whose chunks went answers
   *     {@code ChunksMissing}, and the writer has to put them again.
   */
  public Collected run(boolean rekey, Duration grace) throws IOException {
    PackCollector collector = PackCollector.begin(store.shelf());
    Tally tally = new Tally();
    try {
      for (VmId vm : vms()) {
        mark(vm, collector, tally);
      }
    } catch (Unsure unsure) {
      return new Collected.NotNow(String.valueOf(unsure.getMessage()));
    }
    store.setUsage(tally.usage);
    PackCollector.Swept swept =
        collector.sweep(grace, rules.compactBelow(), rekey, resealing(store.seal()));
    return new Collected.Done(tally.removed, tally.kept, tally.dangling, swept);
  }

  private List<VmId> vms() throws Unsure {
    return switch (manifests.vms()) {
      case Vms.Known(List<VmId> vms) -> vms;
      case ManifestStore.Unavailable(String reason) ->
          throw new Unsure("manifests can't be listed: " + reason);
    };
  }

  private void mark(VmId vm, PackCollector collector, Tally tally) throws Unsure {
    NavigableMap<Long, Reading.Found> all = read(vm);
    if (all.isEmpty()) {
      return;
    }
    all.descendingMap().values().stream()
        .filter(found -> found.manifest().isMark())
        .findFirst()
        .ifPresent(mark -> store.tieredManifests().tidy(vm, mark.version()));
    Set<Long> kept = kept(all, rules.of(vm));
    boolean warm = all.lastEntry().getValue().manifest().mode() == ShadowMode.WARM;
    Set<Long> current = chain(all, all.lastKey());
    Set<ChunkId> seen = new HashSet<>();
    long bytes = 0;
    // Newest first, so that a base is asked for only after those that build on it are gone.
    for (Reading.Found found : all.descendingMap().values()) {
      // A mark names nothing, and the directory of whoever wrote it may be gone.
      boolean ours = found.writer().equals(store.parts().owner()) || found.manifest().isMark();
      boolean mayGo = ours && !kept.contains(found.version());
      if (mayGo && manifests.remove(vm, found.version()) instanceof Removal.Removed) {
        tally.removed++;
        continue;
      }
      tally.kept++;
      boolean warmNow = warm && current.contains(found.version());
      for (ChunkId chunk : found.manifest().chunks()) {
        OptionalInt stored = collector.mark(chunk, warmNow && !seen.contains(chunk));
        if (stored.isEmpty()) {
          if (found.writer().equals(store.parts().owner())) {
            tally.dangling.merge(vm, 1, Integer::sum);
          }
        } else if (seen.add(chunk)) {
          bytes += stored.getAsInt();
        }
      }
    }
    tally.usage.put(vm, bytes);
  }

  private NavigableMap<Long, Reading.Found> read(VmId vm) throws Unsure {
    NavigableMap<Long, Reading.Found> all = new TreeMap<>();
    switch (manifests.versions(vm)) {
      case ManifestStore.Unavailable(String reason) ->
          throw new Unsure("manifests of %s can't be listed: %s".formatted(vm, reason));
      case Versions.Known(List<Long> versions) -> {
        for (long version : versions) {
          switch (manifests.read(vm, version)) {
            case Reading.Found found -> all.put(version, found);
            case Reading.NotFound _ -> {
              // Removed since it was listed.
            }
            case Reading.Corrupt(VmId _, long _, String evidence) ->
                throw new Unsure(
                    "manifest %d of %s is damaged, so nobody knows what it names: %s"
                        .formatted(version, vm, evidence));
            case ManifestStore.Unavailable(String reason) ->
                throw new Unsure("manifest %d of %s: %s".formatted(version, vm, reason));
          }
        }
      }
    }
    return all;
  }

  /**
   * The newest ones, the young ones, and whatever these build on; of what is older than a mark,
   * nothing, and the mark itself while there is any of that.
   */
  private Set<Long> kept(NavigableMap<Long, Reading.Found> all, VmRules promised) {
    Instant oldest = store.parts().clock().instant().minus(promised.keepFor());
    Set<Long> kept = new TreeSet<>();
    int newest = 0;
    for (Reading.Found found : all.descendingMap().values()) {
      newest++;
      if (found.manifest().isMark() && !all.headMap(found.version()).isEmpty()) {
        kept.add(found.version());
        break;
      }
      if (newest <= promised.keepNewest() || !found.manifest().cutAt().isBefore(oldest)) {
        kept.addAll(chain(all, found.version()));
      }
    }
    return kept;
  }

  /** A version and those that it builds on. */
  private static Set<Long> chain(NavigableMap<Long, Reading.Found> all, long version) {
    Set<Long> chain = new TreeSet<>();
    Reading.Found next = all.get(version);
    while (next != null && chain.add(next.version())) {
      Manifest manifest = next.manifest();
      next = manifest.base() == 0 ? null : all.get(manifest.base());
    }
    return chain;
  }

  private static PackCollector.Resealing resealing(ChunkSeal seal) {
    return new PackCollector.Resealing() {
      @Override
      public Optional<ByteBuffer> reseal(ChunkId id, ByteBuffer sealed) {
        if (!isOutdated(sealed)) {
          return Optional.of(sealed);
        }
        return seal.open(id, sealed) instanceof Opened.Content(ByteBuffer content)
            ? Optional.of(seal.seal(id, content))
            : Optional.empty();
      }

      @Override
      public boolean isOutdated(ByteBuffer sealed) {
        return ChunkSeal.keyOf(sealed) != seal.activeKey();
      }
    };
  }
}
