package io.penumbra.tiers.pack;

import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.object.ObjectTier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Deletes chunks that nothing names, and rewrites packs that hold little else. Mark, then sweep:
 *
 * <ol>
 *   <li>{@link #begin} notes the time.
 *   <li>Every chunk that a manifest names is marked. The manifests are listed after {@code begin}.
 *   <li>{@link #sweep} forgets a chunk if it is not marked, not pinned by a commit under way, and
 *       was last put or named longer than the grace period before {@code begin}.
 *   <li>A pack without living chunks is deleted; one with few is copied first. The copy is durable
 *       before the original goes: in the object tier, too, if the original was there. What was
 *       copied in an earlier life counts for that as well, so nothing goes from the object tier
 *       before all that was here has been sent.
 * </ol>
 *
 * <p>So a commit that finished before {@code begin} is marked; one under way pins; one that began
 * later has touched its chunks after {@code begin}. The grace period is only for a writer who has
 * put but not begun to commit; should it be too short for him, his commit says which are missing.
 */
public final class PackCollector {

  private final PackShelf shelf;
  private final int mark;
  private final int began;
  private final SortedMap<Integer, Long> warmBytes = new TreeMap<>();

  private PackCollector(PackShelf shelf, int mark, int began) {
    this.shelf = shelf;
    this.mark = mark;
    this.began = began;
  }

  /** Begins a collection. */
  public static PackCollector begin(PackShelf shelf) {
    return shelf.locked(() -> new PackCollector(shelf, shelf.nextMark(), shelf.second()));
  }

  /** Turns a sealed chunk into one that is sealed with the active key; empty if it is damaged. */
  public interface Resealing {
    Optional<ByteBuffer> reseal(ChunkId id, ByteBuffer sealed);

    /** Whether it was sealed with another key. */
    boolean isOutdated(ByteBuffer sealed);
  }

  /**
   * What a sweep came to.
   *
   * @param chunks forgotten
   * @param chunkBytes of these
   * @param packsDeleted packs that are gone
   * @param packsRewritten of these, those whose living chunks were copied
   * @param bytesFreed of packs that are gone, less what was copied
   * @param bytesCopied living ones of packs that were rewritten
   * @param problems what couldn't be done, and why; it is tried again next time
   */
  public record Swept(
      long chunks,
      long chunkBytes,
      int packsDeleted,
      int packsRewritten,
      long bytesFreed,
      long bytesCopied,
      List<String> problems) {

    public Swept {
      problems = List.copyOf(problems);
    }
  }

  /**
   * Keeps a chunk.
   *
   * @param warm whether it belongs to a warm shadow as it is now; decides the temper of its pack
   * @return its bytes in the store; empty if this store doesn't have it
   */
  public OptionalInt mark(ChunkId id, boolean warm) {
    return shelf.locked(() -> {
      Optional<ChunkTable.Place> place = shelf.table().find(id).filter(found -> found.pack() > 0);
      if (place.isEmpty()) {
        return OptionalInt.empty();
      }
      shelf.table().mark(id, mark);
      if (warm) {
        warmBytes.merge(place.get().pack(), (long) place.get().length(), Long::sum);
      }
      return OptionalInt.of(place.get().length());
    });
  }

  /** A pack is as warm as most of what it holds. Shadows change their mode, so packs do. */
  private boolean temper() {
    for (Pack pack : shelf.packs().values()) {
      if (pack.own() && pack.sealed) {
        long warm = warmBytes.getOrDefault(pack.number, 0L);
        pack.temper = warm * 2 >= Math.max(1, pack.liveBytes) ? Temper.WARM : Temper.COLD;
      }
    }
    return true;
  }

  /**
   * Forgets what isn't marked, and frees its room.
   *
   * @param compactBelow a pack is rewritten when less than this share of it lives
   * @param rekey whether packs with chunks under another key are rewritten, too
   */
  public Swept sweep(Duration grace, double compactBelow, boolean rekey, Resealing resealing)
      throws IOException {
    long[] forgotten = shelf.locked(() -> forgetGarbage(grace));
    shelf.locked(this::temper);
    return shelf.moving(() -> freeRoom(forgotten, compactBelow, rekey, resealing));
  }

  private long[] forgetGarbage(Duration grace) {
    // Strictly older: a commit that ended after the marking began has touched its chunks since.
    long oldest = began - grace.toSeconds();
    List<ChunkId> garbage = new ArrayList<>();
    long[] bytes = new long[1];
    shelf
        .table()
        .forEach((id, place) -> {
          if (place.pack() > 0
              && place.mark() != mark
              && place.touched() < oldest
              && !shelf.pinned(id)) {
            garbage.add(id);
            bytes[0] += place.length();
          }
        });
    garbage.forEach(shelf::forget);
    return new long[] {garbage.size(), bytes[0]};
  }

  /** A pack of which nothing is needed any more, as far as this machine is concerned. */
  private record Going(Pack pack, boolean rewritten, long copied) {}

  private Swept freeRoom(long[] forgotten, double compactBelow, boolean rekey, Resealing resealing)
      throws IOException {
    int deleted = 0;
    int rewritten = 0;
    long freed = 0;
    long rewrittenBytes = 0;
    List<String> problems = new ArrayList<>();
    List<Going> going = new ArrayList<>();
    for (Pack pack : candidates(rekey ? 2 : compactBelow)) {
      if (pack.liveRecords > 0 && rekey && !rekeyNeeded(pack, compactBelow, resealing, problems)) {
        continue;
      }
      long copied = pack.liveBytes;
      boolean empty = pack.liveRecords == 0;
      Optional<String> problem = empty ? Optional.empty() : copyLiving(pack, resealing);
      if (problem.isPresent()) {
        problems.add(problem.get());
      } else {
        going.add(new Going(pack, !empty, copied));
      }
    }
    Optional<String> unsent =
        going.stream().anyMatch(one -> one.pack().remote) ? shelf.sendAll() : Optional.empty();
    for (Going one : going) {
      if (one.pack().remote && unsent.isPresent()) {
        problems.add(
            "%s stays until the object tier has what was copied out of it: %s"
                .formatted(one.pack().key(), unsent.get()));
      } else if (shelf.drop(one.pack())) {
        deleted++;
        rewritten += one.rewritten() ? 1 : 0;
        freed += one.pack().bytes - one.copied();
        rewrittenBytes += one.copied();
      } else {
        problems.add("object tier doesn't delete %s now".formatted(one.pack().key()));
      }
    }
    return new Swept(
        forgotten[0], forgotten[1], deleted, rewritten, freed, rewrittenBytes, problems);
  }

  private List<Pack> candidates(double below) {
    return shelf.locked(() ->
        shelf.packs().values().stream()
            .filter(pack -> pack.own() && pack.sealed && !pack.stuck)
            .filter(pack ->
                pack.liveRecords == 0 || pack.liveBytes < below * Math.max(1, pack.recordBytes))
            .toList());
  }

  private boolean rekeyNeeded(
      Pack pack, double compactBelow, Resealing resealing, List<String> problems)
      throws IOException {
    if (pack.liveBytes < compactBelow * pack.recordBytes) {
      return true;
    }
    Optional<ByteBuffer> content = content(pack);
    if (content.isEmpty()) {
      problems.add("%s can't be read now".formatted(pack.key()));
      return false;
    }
    return PackFormat.salvage(content.get()).stream()
        .anyMatch(record -> resealing.isOutdated(record.sealed()));
  }

  /** Copies what lives; says what stood in the way, and then the pack has to stay. */
  private Optional<String> copyLiving(Pack pack, Resealing resealing) throws IOException {
    Optional<ByteBuffer> content = content(pack);
    if (content.isEmpty()) {
      return Optional.of("%s can't be read now".formatted(pack.key()));
    }
    for (PackFormat.Entry entry : shelf.entries(pack)) {
      Optional<PackShelf.Location> at =
          shelf
              .locate(entry.id())
              .filter(place -> place.pack() == pack.number && place.offset() == entry.offset());
      if (at.isPresent()) {
        Optional<String> problem = copy(pack, entry, at.get(), content.get(), resealing);
        if (problem.isPresent()) {
          return problem;
        }
      }
    }
    shelf.sync();
    return Optional.empty();
  }

  private Optional<String> copy(
      Pack pack,
      PackFormat.Entry entry,
      PackShelf.Location at,
      ByteBuffer content,
      Resealing resealing)
      throws IOException {
    Optional<ByteBuffer> sealed =
        PackFormat.recordAt(content, entry.offset(), entry.offset())
            .filter(record -> record.id().equals(entry.id()))
            .flatMap(record -> resealing.reseal(record.id(), record.sealed()));
    if (sealed.isEmpty()) {
      return Optional.of(
          "chunk %s in %s is damaged, so the pack stays; verify repairs it"
              .formatted(entry.id(), pack.key()));
    }
    return shelf.add(pack.temper, entry.id(), sealed.get(), Optional.of(at))
            instanceof PackShelf.Added.NoRoom(long asked, long free)
        ? Optional.of(
            "no room on SSD to rewrite %s: %d bytes asked, %d free"
                .formatted(pack.key(), asked, free))
        : Optional.empty();
  }

  private Optional<ByteBuffer> content(Pack pack) throws IOException {
    if (pack.local) {
      try {
        return Optional.of(shelf.disk().read(pack.localPath(), 0, ObjectTier.OBJECT_BYTES_MAX));
      } catch (NoSuchFileException e) {
        // It has just left for the object tier.
      }
    }
    return shelf.objects().get(pack.key()) instanceof ObjectTier.Fetch.Content(ByteBuffer bytes)
        ? Optional.of(bytes)
        : Optional.empty();
  }
}
