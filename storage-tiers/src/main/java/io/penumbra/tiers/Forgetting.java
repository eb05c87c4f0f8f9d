package io.penumbra.tiers;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.ManifestStore.Reading;
import io.penumbra.tiers.manifest.ManifestStore.Removal;
import io.penumbra.tiers.manifest.ManifestStore.Versions;
import io.penumbra.tiers.manifest.ManifestStore.Vms;
import io.penumbra.tiers.pack.PackShelf;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The end of a VM that was deleted: what the store has of it is looked at, and forgotten as it was
 * seen. Its epochs go; chunks that nothing else names go with the next collection of the stores
 * that wrote them.
 */
public final class Forgetting {

  private final TieredChunkStore store;
  private final ManifestStore manifests;

  /** Will look at this store, and at the object tier that it shares with others. */
  public Forgetting(TieredChunkStore store) {
    this.store = store;
    this.manifests = store.manifests();
  }

  /** What a look gave. */
  public sealed interface Look {

    /** This is kept. */
    record Found(Seen seen) implements Look {}

    /** No such VM; these are. */
    record NotThere(List<VmId> vms) implements Look {

      public NotThere {
        vms = List.copyOf(vms);
      }
    }

    /** Nobody can say now. */
    record NotNow(String reason) implements Look {}
  }

  /**
   * What was seen of a VM.
   *
   * @param newest the highest version
   * @param epochs versions that are epochs
   * @param damaged of these, those that no tier has whole
   * @param youngest when the newest epoch was cut; empty when that one is damaged
   * @param forgotten since when a mark says that they don't count; an earlier try didn't come to
   *     its end
   * @param writers stores that wrote them
   * @param stored what their chunks take
   */
  public record Seen(
      VmId vm,
      long newest,
      int epochs,
      int damaged,
      Optional<Instant> youngest,
      Optional<Instant> forgotten,
      SortedSet<String> writers,
      Stored stored) {

    public Seen {
      writers = Collections.unmodifiableSortedSet(new TreeSet<>(writers));
    }
  }

  /**
   * Chunks, each counted once, though other VMs may name it as well.
   *
   * @param ssdBytes on this machine's SSD
   * @param objectBytes in the object tier
   * @param unknown that are in neither
   */
  public record Stored(int chunks, long ssdBytes, long objectBytes, int unknown) {}

  /** What became of it. */
  public sealed interface Outcome {

    /** None of its epochs is left. */
    record Forgotten(int epochs) implements Outcome {}

    /** Its newest epoch is so young that somebody may still write. Empty: nobody knows its age. */
    record TooYoung(Optional<Duration> age, Duration expected) implements Outcome {}

    /** Somebody has written since it was seen, so nothing was removed. */
    record Overtaken(long seen, long newest) implements Outcome {}

    /** It isn't done, maybe half of it: do it again. */
    record NotNow(String reason) implements Outcome {}
  }

  /** Looks at what is kept of a VM. */
  public Look look(VmId vm) {
    return switch (manifests.versions(vm)) {
      case ManifestStore.Unavailable(String reason) -> new Look.NotNow(reason);
      case Versions.Known(List<Long> versions) ->
          versions.isEmpty() ? others() : look(vm, versions);
    };
  }

  private Look others() {
    return switch (manifests.vms()) {
      case ManifestStore.Unavailable(String reason) -> new Look.NotNow(reason);
      case Vms.Known(List<VmId> vms) -> new Look.NotThere(vms);
    };
  }

  private Look look(VmId vm, List<Long> versions) {
    int epochs = 0;
    int damaged = 0;
    Optional<Instant> youngest = Optional.empty();
    Optional<Instant> forgotten = Optional.empty();
    SortedMap<String, Set<ChunkId>> chunks = new TreeMap<>();
    for (long version : versions) {
      switch (manifests.read(vm, version)) {
        case Reading.Found(long _, String _, Manifest manifest) when manifest.isMark() -> {
          // Between epochs it is one that was taken back.
          forgotten =
              version == versions.getLast() ? Optional.of(manifest.cutAt()) : Optional.empty();
        }
        case Reading.Found(long _, String writer, Manifest manifest) -> {
          epochs++;
          youngest = Optional.of(manifest.cutAt());
          chunks.computeIfAbsent(writer, _ -> new LinkedHashSet<>()).addAll(manifest.chunks());
        }
        case Reading.Corrupt _ -> {
          epochs++;
          damaged++;
          youngest = Optional.empty();
        }
        case Reading.NotFound _ -> {
          // Removed since it was listed.
        }
        case ManifestStore.Unavailable(String reason) -> {
          return new Look.NotNow(reason);
        }
      }
    }
    for (Map.Entry<String, Set<ChunkId>> of : chunks.entrySet()) {
      Optional<String> problem = store.learn(of.getKey(), List.copyOf(of.getValue()));
      if (problem.isPresent()) {
        return new Look.NotNow(problem.get());
      }
    }
    SortedSet<String> writers = new TreeSet<>(chunks.keySet());
    return new Look.Found(
        new Seen(
            vm,
            versions.getLast(),
            epochs,
            damaged,
            youngest,
            forgotten,
            writers,
            stored(chunks.values())));
  }

  private Stored stored(Iterable<Set<ChunkId>> chunks) {
    Set<ChunkId> all = new LinkedHashSet<>();
    chunks.forEach(all::addAll);
    long ssd = 0;
    long object = 0;
    int unknown = 0;
    for (Optional<PackShelf.Location> at : store.shelf().locateAll(new ArrayList<>(all))) {
      unknown += at.isEmpty() ? 1 : 0;
      ssd += at.filter(PackShelf.Location::local).map(PackShelf.Location::length).orElse(0);
      object += at.filter(PackShelf.Location::remote).map(PackShelf.Location::length).orElse(0);
    }
    return new Stored(all.size(), ssd, object, unknown);
  }

  /**
   * Why nothing would be removed; empty if nothing stands against it.
   *
   * @param olderThan how old the newest epoch has to be. None where the caller knows that nobody
   *     writes.
   */
  public Optional<Outcome> refusal(Seen seen, Duration olderThan) {
    if (seen.forgotten().isPresent() || seen.epochs() == 0) {
      return Optional.empty();
    }
    Optional<Duration> age =
        seen.youngest().map(cut -> Duration.between(cut, store.parts().clock().instant()));
    return age.orElse(Duration.ZERO).compareTo(olderThan) < 0
        ? Optional.of(new Outcome.TooYoung(age, olderThan))
        : Optional.empty();
  }

  /** Removes what was seen, unless there is a refusal. */
  public Outcome forget(Seen seen, Duration olderThan) {
    Optional<Outcome> refusal = refusal(seen, olderThan);
    if (refusal.isPresent()) {
      return refusal.get();
    }
    Instant now = store.parts().clock().instant();
    return switch (manifests.forget(seen.vm(), seen.newest(), now)) {
      case Removal.Removed _ -> new Outcome.Forgotten(seen.epochs());
      case Removal.Overtaken(long newest) -> new Outcome.Overtaken(seen.newest(), newest);
      case Removal.IsNewest(long version) -> new Outcome.NotNow(stays(version, "the newest"));
      case Removal.NeededBy(long version) -> new Outcome.NotNow(stays(version, "building on it"));
      case ManifestStore.Unavailable(String reason) -> new Outcome.NotNow(reason);
    };
  }

  private static String stays(long version, String what) {
    return "a version stays, version %d is %s".formatted(version, what);
  }
}
