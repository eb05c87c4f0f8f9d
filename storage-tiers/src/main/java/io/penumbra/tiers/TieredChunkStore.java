package io.penumbra.tiers;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkStore.Deletion.Deleted;
import io.penumbra.tiers.ChunkStore.Deletion.NothingThere;
import io.penumbra.tiers.ChunkStore.Got.Corrupt;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Full;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.manifest.ChunkPins;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.RestoreOrders;
import io.penumbra.tiers.manifest.TieredManifests;
import io.penumbra.tiers.pack.PackFormat;
import io.penumbra.tiers.pack.PackShelf;
import io.penumbra.tiers.pack.Temper;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.Opened;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Chunks in tiers: packs on this machine's SSD, below them an object tier, and before that one a
 * cache of memory and SSD. {@code Stored} means forced to the SSD; upkeep, which somebody has to
 * call, moves packs down and up. The cache is never the only place of anything.
 */
public final class TieredChunkStore implements ChunkStore, AutoCloseable {

  private static final int ATTEMPTS_MAX = 4;

  private final StoreParts parts;
  private final StoreRules rules;
  private final PackShelf shelf;
  private final TieredManifests manifests;
  private final StoreCounts counts;
  private final TreeMap<VmId, Long> usage = new TreeMap<>();
  private Optional<StoreHealth.Away> away = Optional.empty();
  private int refusals;

  private TieredChunkStore(
      StoreParts parts,
      StoreRules rules,
      PackShelf shelf,
      TieredManifests manifests,
      StoreCounts counts) {
    this.counts = counts;
    this.parts = parts;
    this.rules = rules;
    this.shelf = shelf;
    this.manifests = manifests;
  }

  /**
   * Opens a store, and ends what a crash left open.
   *
   * @param notes told in sentences what a person should know
   */
  public static TieredChunkStore open(StoreParts parts, StoreRules rules, Consumer<String> notes)
      throws IOException {
    PackShelf shelf =
        PackShelf.open(
            parts.disk(), parts.objects(), parts.owner(), rules.packs(), parts.clock(), notes);
    TieredManifests manifests =
        TieredManifests.open(
            parts.disk(), parts.objects(), parts.seal(), parts.owner(), pins(shelf));
    return new TieredChunkStore(parts, rules, shelf, manifests, StoreCounts.load(parts.disk()));
  }

  private static ChunkPins pins(PackShelf shelf) {
    return new ChunkPins() {
      @Override
      public List<ChunkId> pin(List<ChunkId> chunks) {
        return shelf.pin(chunks);
      }

      @Override
      public void unpin(List<ChunkId> chunks) {
        shelf.unpin(chunks);
      }

      @Override
      public void sync() throws IOException {
        shelf.sync();
      }
    };
  }

  /** The manifests that name this store's chunks. */
  public ManifestStore manifests() {
    return manifests;
  }

  /** In which order its VMs were last restored on demand. */
  public RestoreOrders restoreOrders() {
    return new RestoreOrders(parts.disk(), parts.objects(), parts.seal());
  }

  /** What it has done since it was made. */
  public StoreCounts counts() {
    return counts;
  }

  /**
   * Makes chunks readable that another store has put into the same object tier.
   *
   * @param writer the store that has committed the manifest which names them
   * @return why it can't be said what that one has; empty if it was looked at
   */
  public Optional<String> learn(String writer, List<ChunkId> wanted) {
    return shelf.learn(writer, wanted);
  }

  /** A view for one VM: its quota counts, and its shadow's mode decides where chunks are placed. */
  public ChunkStore lane(VmId vm, ShadowMode mode) {
    return new Lane(Optional.of(vm), mode == ShadowMode.WARM ? Temper.WARM : Temper.COLD);
  }

  // ------------------------------------------------------------------ ChunkStore

  @Override
  public Put put(ByteBuffer content) {
    return new Lane(Optional.empty(), Temper.COLD).put(content);
  }

  @Override
  public List<Put> putAll(List<ByteBuffer> contents) {
    return new Lane(Optional.empty(), Temper.COLD).putAll(contents);
  }

  @Override
  public ChunkId name(ByteBuffer content) {
    return parts.seal().name(content);
  }

  @Override
  public void list(Consumer<ChunkId> consumer) {
    shelf.ids().forEach(consumer);
  }

  /** Forgets a chunk; its bytes go with the next collection, which would have found it anyway. */
  @Override
  public Deletion delete(ChunkId id) {
    parts.cache().remove(id);
    return shelf.forget(id) ? new Deleted(id) : new NothingThere(id);
  }

  @Override
  public Got get(ChunkId id) {
    Got got = new NotFound(id);
    // A chunk may move while it is looked for: then where it is now is asked.
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      Optional<PackShelf.Location> at = shelf.locate(id);
      if (at.isEmpty()) {
        counts.misses.increment();
        return new NotFound(id);
      }
      Optional<Got> answer = read(id, at.get());
      if (answer.isPresent()) {
        return answer.get();
      }
      got = new Unavailable("chunk %s moves too often to be read".formatted(id));
    }
    return got;
  }

  @Override
  public ReadAll readAll(List<ChunkId> ids, Taker taker) throws IOException {
    return new BulkRead(this, ids, taker).run();
  }

  /** Empty when the chunk isn't where it was said to be. */
  private Optional<Got> read(ChunkId id, PackShelf.Location at) {
    Optional<Corrupt> damage = Optional.empty();
    if (at.local()) {
      switch (shelf.readLocal(id, at)) {
        case PackShelf.Fetched.Records(List<PackFormat.SealedRecord> records) -> {
          Got got = open(id, records.getFirst().sealed());
          if (!(got instanceof Corrupt corrupt)) {
            counts.ssdReads.increment();
            return Optional.of(got);
          }
          damage = Optional.of(corrupt);
        }
        case PackShelf.Fetched.Broken(String evidence) ->
            damage = Optional.of(new Corrupt(id, at.length(), evidence));
        case PackShelf.Fetched.Gone _ -> {
          return stillThere(id, at)
              ? Optional.of(new Corrupt(id, 0, "its pack is missing on SSD"))
              : Optional.empty();
        }
        case PackShelf.Fetched.Away(String reason) -> {
          return Optional.of(new Unavailable(reason));
        }
      }
    }
    if (!at.remote()) {
      return damage.map(Got.class::cast);
    }
    Optional<Got> got = readRemote(id, at);
    if (damage.isPresent() && got.orElse(damage.get()) instanceof Found(ByteBuffer content)) {
      mend(id, content, at);
    }
    return got;
  }

  private boolean stillThere(ChunkId id, PackShelf.Location at) {
    return shelf.locate(id).filter(at::equals).isPresent();
  }

  private Optional<Got> readRemote(ChunkId id, PackShelf.Location at) {
    Optional<ByteBuffer> cached = parts.cache().get(id);
    if (cached.isPresent()) {
      if (open(id, cached.get()) instanceof Found found) {
        counts.cacheReads.increment();
        return Optional.of(found);
      }
      parts.cache().remove(id);
    }
    counts.objectRequests.increment();
    return switch (shelf.readRemote(id, at, rules.readAheadBytes())) {
      case PackShelf.Fetched.Records(List<PackFormat.SealedRecord> records) -> {
        records.forEach(record -> parts.cache().put(record.id(), record.sealed()));
        counts.objectReads.increment();
        yield Optional.of(open(id, records.getFirst().sealed()));
      }
      case PackShelf.Fetched.Broken(String evidence) ->
          Optional.of(new Corrupt(id, at.length(), evidence));
      case PackShelf.Fetched.Gone _ ->
          stillThere(id, at)
              ? Optional.of(new Corrupt(id, 0, "its pack is missing in the object tier"))
              : Optional.empty();
      case PackShelf.Fetched.Away(String reason) -> Optional.of(new Unavailable(reason));
    };
  }

  /** Writes a chunk anew that was damaged on SSD and whole below. */
  void mend(ChunkId id, ByteBuffer content, PackShelf.Location damaged) {
    try {
      shelf.add(Temper.COLD, id, parts.seal().seal(id, content), Optional.of(damaged));
      counts.repairs.increment();
    } catch (IOException e) {
      // The reader has what he asked for; the scrub will try again.
    }
  }

  private Got open(ChunkId id, ByteBuffer sealed) {
    return switch (parts.seal().open(id, sealed)) {
      case Opened.Content(ByteBuffer bytes) -> new Found(bytes);
      case Opened.Damaged(String evidence) -> new Corrupt(id, sealed.remaining(), evidence);
      case Opened.KeyMissing missing -> new Unavailable(missing.reason());
    };
  }

  // ------------------------------------------------------------------ putting

  /** The store as one VM sees it. */
  private final class Lane implements ChunkStore {

    private final Optional<VmId> vm;
    private final Temper temper;

    Lane(Optional<VmId> vm, Temper temper) {
      this.vm = vm;
      this.temper = temper;
    }

    @Override
    public Put put(ByteBuffer content) {
      return putAll(List.of(content)).getFirst();
    }

    @Override
    public List<Put> putAll(List<ByteBuffer> contents) {
      List<Staged> staged = new ArrayList<>();
      for (ByteBuffer content : contents) {
        staged.add(stage(content));
      }
      // The first wait forces what all of them wrote.
      return staged.stream().map(this::settle).toList();
    }

    /** Written but not yet durable, or refused. */
    private sealed interface Staged {
      record Written(PackShelf.Ticket ticket, boolean fresh, int bytes) implements Staged {}

      record Refused(Put why) implements Staged {}
    }

    private Staged stage(ByteBuffer content) {
      if (content.remaining() > CHUNK_BYTES_MAX) {
        throw new IllegalArgumentException(
            "chunk of %d bytes; expected %d at most"
                .formatted(content.remaining(), CHUNK_BYTES_MAX));
      }
      ChunkId id = name(content);
      Optional<PackShelf.Location> here = shelf.touch(id);
      if (here.isPresent() && looksWhole(id, here.get())) {
        return new Staged.Written(shelf.ticket(id), false, content.remaining());
      }
      ByteBuffer sealed = parts.seal().seal(id, content);
      Optional<Full> over = overQuota(sealed.remaining());
      if (over.isPresent()) {
        return new Staged.Refused(over.get());
      }
      try {
        return switch (shelf.add(temper, id, sealed, here)) {
          case PackShelf.Added.Here(PackShelf.Ticket ticket, boolean fresh) -> {
            if (fresh) {
              charge(sealed.remaining());
            }
            yield new Staged.Written(ticket, fresh, content.remaining());
          }
          case PackShelf.Added.NoRoom(long asked, long free) ->
              new Staged.Refused(new Full(asked, free));
        };
      } catch (IOException e) {
        return new Staged.Refused(new Unavailable("this machine's SSD: " + e));
      }
    }

    private Put settle(Staged staged) {
      return switch (staged) {
        case Staged.Refused(Put why) -> why;
        case Staged.Written(PackShelf.Ticket ticket, boolean fresh, int bytes) -> {
          try {
            shelf.await(ticket);
          } catch (IOException e) {
            yield new Unavailable("this machine's SSD: " + e);
          }
          counts.puts.increment();
          counts.putBytes.add(bytes);
          if (!fresh) {
            counts.duplicates.increment();
          }
          yield new Stored(ticket.id(), fresh);
        }
      };
    }

    private Optional<Full> overQuota(int bytes) {
      long most = vm.map(who -> rules.of(who).bytesMax()).orElse(0L);
      if (vm.isEmpty() || most == 0) {
        return Optional.empty();
      }
      long used = usage(vm.get());
      return used + bytes > most
          ? Optional.of(new Full(bytes, Math.max(0, most - used)))
          : Optional.empty();
    }

    private void charge(int bytes) {
      counts.sealedBytes.add(bytes);
      vm.ifPresent(who -> {
        synchronized (usage) {
          usage.merge(who, (long) bytes, Long::sum);
        }
      });
    }

    @Override
    public ChunkId name(ByteBuffer content) {
      return TieredChunkStore.this.name(content);
    }

    @Override
    public Got get(ChunkId id) {
      return TieredChunkStore.this.get(id);
    }

    @Override
    public ReadAll readAll(List<ChunkId> ids, Taker taker) throws IOException {
      return TieredChunkStore.this.readAll(ids, taker);
    }

    @Override
    public void list(Consumer<ChunkId> consumer) {
      TieredChunkStore.this.list(consumer);
    }

    @Override
    public Deletion delete(ChunkId id) {
      return TieredChunkStore.this.delete(id);
    }
  }

  /** What is there already counts only if it can be read; a damaged chunk is written anew. */
  private boolean looksWhole(ChunkId id, PackShelf.Location at) {
    return !at.local() || !(shelf.readLocal(id, at) instanceof PackShelf.Fetched.Broken);
  }

  /**
   * Bytes that a VM's chunks take: what its manifests named when last collected, and puts since.
   */
  public long usage(VmId vm) {
    synchronized (usage) {
      return usage.getOrDefault(vm, 0L);
    }
  }

  void setUsage(SortedMap<VmId, Long> named) {
    synchronized (usage) {
      usage.clear();
      usage.putAll(named);
    }
  }

  // ------------------------------------------------------------------ upkeep

  /**
   * One round of moving: ends packs that are old enough, sends manifests and packs to the object
   * tier, lets packs leave a full SSD, brings hot ones back. Does nothing with an object tier that
   * has refused, until it is time to try again.
   */
  public Upkeep upkeep() throws IOException {
    return upkeep(false, Long.MAX_VALUE);
  }

  /** The same, and leaves the rest for the next round when so many bytes have moved. */
  public Upkeep upkeep(long bytesMax) throws IOException {
    return upkeep(false, bytesMax);
  }

  /** Ends all packs and sends all that can be sent. */
  public Upkeep flush() throws IOException {
    return upkeep(true, Long.MAX_VALUE);
  }

  private Upkeep upkeep(boolean everything, long bytesMax) throws IOException {
    try {
      shelf.rescue();
    } catch (IOException e) {
      // What stays stuck is reported in the end; other packs can be sent all the same.
    }
    int ended = shelf.endPacks(everything);
    Instant now = parts.clock().instant();
    Optional<StoreHealth.Away> before = away();
    if (!everything && before.filter(gone -> gone.retryAt().isAfter(now)).isPresent()) {
      return new Upkeep(
          ended, 0, 0, 0, 0, 0, 0, List.of(), before.map(StoreHealth.Away::reason), false);
    }
    TieredManifests.CatchUp caught = manifests.catchUp();
    Moved up = caught.problem().isPresent() ? Moved.NOTHING : moving(bytesMax, this::uploadNext);
    Optional<String> problem = caught.problem().or(up::problem);
    note(problem, now);
    int evicted = shelf.evictAboveHighWater();
    Moved down =
        problem.isPresent() || up.bytes() >= bytesMax
            ? Moved.NOTHING
            : moving(bytesMax - up.bytes(), () -> shelf.riseNext(rules.riseHeat()));
    return new Upkeep(
        ended,
        up.packs(),
        up.bytes(),
        evicted,
        down.packs(),
        down.bytes(),
        caught.settled(),
        caught.lost(),
        problem.or(shelf::stuckHere),
        up.bytes() + down.bytes() >= bytesMax);
  }

  /** Packs that went one way. */
  private record Moved(int packs, long bytes, Optional<String> problem) {
    static final Moved NOTHING = new Moved(0, 0, Optional.empty());
  }

  private interface OneMove {
    PackShelf.Move run() throws IOException;
  }

  private static Moved moving(long bytesMax, OneMove next) throws IOException {
    int packs = 0;
    long moved = 0;
    while (moved < bytesMax) {
      switch (next.run()) {
        case PackShelf.Move.Moved(long bytes) -> {
          packs++;
          moved += bytes;
        }
        case PackShelf.Move.Refused(String reason) -> {
          return new Moved(packs, moved, Optional.of(reason));
        }
        case PackShelf.Move.Nothing _ -> {
          return new Moved(packs, moved, Optional.empty());
        }
      }
    }
    return new Moved(packs, moved, Optional.empty());
  }

  private PackShelf.Move uploadNext() {
    Optional<PackShelf.Move> over = overObjectQuota();
    if (over.isPresent()) {
      return over.get();
    }
    try {
      PackShelf.Move move = shelf.uploadNext();
      if (move instanceof PackShelf.Move.Moved) {
        counts.objectWrites.increment();
      }
      return move;
    } catch (IOException e) {
      return new PackShelf.Move.Refused("this machine's SSD: " + e);
    }
  }

  private Optional<PackShelf.Move> overObjectQuota() {
    if (rules.objectBytesMax() == 0) {
      return Optional.empty();
    }
    long used = shelf.remoteBytes();
    return used + rules.packs().packBytes() > rules.objectBytesMax()
        ? Optional.of(
            new PackShelf.Move.Refused(
                "object tier's quota: %d bytes used of %d".formatted(used, rules.objectBytesMax())))
        : Optional.empty();
  }

  private synchronized void note(Optional<String> problem, Instant now) {
    if (problem.isEmpty()) {
      away = Optional.empty();
      refusals = 0;
      return;
    }
    Duration pause = rules.retryFirst().multipliedBy(1L << Math.min(20, refusals));
    refusals++;
    Duration bounded = pause.compareTo(rules.retryMost()) > 0 ? rules.retryMost() : pause;
    away =
        Optional.of(
            new StoreHealth.Away(
                away.map(StoreHealth.Away::since).orElse(now), problem.get(), now.plus(bounded)));
  }

  private synchronized Optional<StoreHealth.Away> away() {
    return away;
  }

  /** What it holds, and where. */
  public StoreFacts facts() {
    return StoreFacts.of(shelf, parts.cache());
  }

  /** How it is. */
  public StoreHealth health() {
    return new StoreHealth(
        away(),
        shelf.notYetRemoteBytes(),
        shelf.waitingSince(),
        manifests.held(),
        shelf.localBytes(),
        rules.packs().localBytesMax(),
        rules.packs().highShare());
  }

  /** Makes the counts durable; after an unclean stop those since the last time are lost. */
  public void saveCounts() throws IOException {
    counts.save(parts.disk());
  }

  @Override
  public void close() throws IOException {
    try (parts) {
      shelf.close();
      saveCounts();
    }
  }

  PackShelf shelf() {
    return shelf;
  }

  TieredManifests tieredManifests() {
    return manifests;
  }

  StoreParts parts() {
    return parts;
  }

  StoreRules rules() {
    return rules;
  }

  ChunkSeal seal() {
    return parts.seal();
  }
}
