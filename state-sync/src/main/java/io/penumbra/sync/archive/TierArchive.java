package io.penumbra.sync.archive;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.manifest.Manifest;
import io.penumbra.tiers.manifest.ManifestStore;
import io.penumbra.tiers.manifest.RestoreOrders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Keeps epochs of one VM in a tier store: pages in chunks of 64 KiB, and for each epoch a manifest
 * that names its chunks and builds on the one before. Now and then, and whenever the one before is
 * not there, a manifest stands alone and names all pages; what is the same is stored once. Owned by
 * one thread at a time.
 */
public final class TierArchive {

  /** Chunks that are put in one go, 4 MiB. */
  private static final int CHUNKS_AT_ONCE = 64;

  /** Pages that are looked at in one go, 64 MiB. */
  private static final int PAGES_AT_ONCE = 1 << 14;

  private static final String CHANGES = "the state is no longer that of the epoch";

  /** Epochs in a row that build on each other. */
  private static final int CHAIN_MAX = 256;

  private final VmId vm;
  private final ChunkStore chunks;
  private final ManifestStore manifests;
  private final ShadowMode mode;
  private final Sharing sharing;
  private Optional<Newest> newest = Optional.empty();

  /**
   * Connects the parts.
   *
   * @param chunks the store as this VM sees it
   */
  public TierArchive(VmId vm, ChunkStore chunks, ManifestStore manifests, ShadowMode mode) {
    this(vm, chunks, manifests, mode, Sharing.NONE);
  }

  /**
   * Connects the parts of an archive that others read and write, too.
   *
   * @param chunks the store as this VM sees it
   */
  public TierArchive(
      VmId vm, ChunkStore chunks, ManifestStore manifests, ShadowMode mode, Sharing sharing) {
    this.sharing = sharing;
    this.vm = vm;
    this.chunks = chunks;
    this.manifests = manifests;
    this.mode = mode;
  }

  /** What became of an epoch. */
  public sealed interface Keeping {

    /** It is durable in the store, or was there before. */
    record Kept(long version) implements Keeping {}

    /** It is not; the next one that is kept will stand alone. */
    record NotKept(String reason) implements Keeping {}
  }

  /**
   * Says whether the state is still that of the epoch. It is asked before each part of it is read,
   * and told afterwards; whoever wants to change the state waits for that long, and no longer: what
   * follows, sending and naming, needs the state no more.
   */
  public interface Reading {

    /** Of a state that does not change before the epoch is kept. */
    Reading UNDISTURBED =
        new Reading() {
          @Override
          public boolean begin() {
            return true;
          }

          @Override
          public void end() {}
        };

    /** Whether it may be read now; if so, {@link #end} follows. */
    boolean begin();

    /** A part has been read. */
    void end();
  }

  /**
   * Keeps an epoch of a state that stays what it is meanwhile.
   *
   * @param changed the pages that it changed
   * @param view the state at that epoch
   */
  public Keeping keep(EpochManifest epoch, int[] changed, PageView view) {
    return keep(epoch, changed, view, Reading.UNDISTURBED);
  }

  /**
   * Keeps an epoch, unless the state stops being what it was before all of it is read.
   *
   * @param changed the pages that it changed
   * @param view the state at that epoch
   */
  public Keeping keep(EpochManifest epoch, int[] changed, PageView view, Reading reading) {
    if (newest.isEmpty() && !sharing.heldIsKept()) {
      // One that waits for the object tier looks like the newest: it is settled, or lost, first.
      Optional<String> refusal = sharing.secure();
      if (refusal.isPresent()) {
        return new Keeping.NotKept(refusal.get());
      }
    }
    Optional<Newest> before = newest.or(this::look);
    if (before.flatMap(Newest::epoch).filter(by -> sharing.isSuperseded(epoch, by)).isPresent()) {
      return new Keeping.Kept(before.orElseThrow().version());
    }
    boolean follows = before.filter(last -> follows(epoch, last)).isPresent();
    Optional<int[]> named = follows ? Optional.of(changed) : notZero(epoch, view, reading);
    if (named.isEmpty()) {
      return new Keeping.NotKept(CHANGES);
    }
    int[] pages = named.get();
    List<ChunkId> ids = new ArrayList<>();
    Optional<String> refusal = put(pages, view, reading, ids).or(sharing::secure);
    if (refusal.isPresent()) {
      return new Keeping.NotKept(refusal.get());
    }
    int chain = follows ? before.orElseThrow().chain() + 1 : 1;
    Manifest manifest =
        new Manifest(
            vm,
            sharing.number(epoch),
            follows ? before.orElseThrow().version() : 0,
            epoch.cutAt(),
            mode,
            ids,
            new ArchivedEpoch(epoch, chain, pages, sharing.note()).toBytes());
    return commit(manifest, epoch, before.map(Newest::version).orElse(0L), chain);
  }

  /** Of what another has written, nobody can say that it is this epoch's base. */
  private boolean follows(EpochManifest epoch, Newest last) {
    return last.epoch().filter(base -> base.epoch() == epoch.epoch() - 1).isPresent()
        && epoch.base() != 0
        && last.chain() < CHAIN_MAX
        && (last.ours() || !sharing.severalWriters());
  }

  private Keeping commit(Manifest manifest, EpochManifest epoch, long expected, int chain) {
    newest = Optional.empty();
    return switch (manifests.commit(manifest, expected)) {
      case ManifestStore.Commit.Committed(long version) ->
          kept(new Newest(version, Optional.of(epoch), chain, true));
      case ManifestStore.Commit.Held(long _, String why) when !sharing.heldIsKept() ->
          new Keeping.NotKept(why);
      case ManifestStore.Commit.Held(long version, String _) ->
          kept(new Newest(version, Optional.of(epoch), chain, true));
      case ManifestStore.Commit.Conflict(long wanted, long found) ->
          new Keeping.NotKept(
              "another writer has made version %d of %s; expected %d".formatted(found, vm, wanted));
      case ManifestStore.Commit.ChunksMissing(var missing) ->
          new Keeping.NotKept("%d chunks are gone".formatted(missing.size()));
      case ManifestStore.Commit.MissingBase(long base) ->
          new Keeping.NotKept("version %d is gone".formatted(base));
      case ManifestStore.Unavailable(String reason) -> new Keeping.NotKept(reason);
    };
  }

  private Keeping kept(Newest now) {
    newest = Optional.of(now);
    return new Keeping.Kept(now.version());
  }

  private Optional<Newest> look() {
    ManifestStore.Reading newestThere = manifests.newest(vm);
    if (newestThere instanceof ManifestStore.Reading.Corrupt(var _, long version, String _)) {
      // Nothing can build on it, but its number is taken.
      return Optional.of(new Newest(version, Optional.empty(), CHAIN_MAX, false));
    }
    if (newestThere instanceof ManifestStore.Reading.Found found) {
      try {
        ArchivedEpoch archived = ArchivedEpoch.read(found.manifest().body());
        return Optional.of(
            new Newest(found.version(), Optional.of(archived.manifest()), archived.chain(), false));
      } catch (IllegalArgumentException e) {
        // Not ours: the next version stands alone.
        return Optional.of(new Newest(found.version(), Optional.empty(), CHAIN_MAX, false));
      }
    }
    return Optional.empty();
  }

  /** Empty if the state is no longer that of the epoch. */
  private static Optional<int[]> notZero(EpochManifest epoch, PageView view, Reading reading) {
    IntStream.Builder found = IntStream.builder();
    int pages = epoch.layout().pages();
    for (int from = 0; from < pages; from += PAGES_AT_ONCE) {
      if (!reading.begin()) {
        return Optional.empty();
      }
      try {
        int[] some =
            IntStream.range(from, Math.min(pages, from + PAGES_AT_ONCE))
                .parallel()
                .filter(page -> PageHash.of(view, page) != PageHash.ZERO_PAGE)
                .toArray();
        Arrays.stream(some).forEach(found::add);
      } finally {
        reading.end();
      }
    }
    return Optional.of(found.build().toArray());
  }

  /** Puts the pages' chunks; says why if it could not. */
  private Optional<String> put(int[] pages, PageView view, Reading reading, List<ChunkId> ids) {
    List<ByteBuffer> batch = new ArrayList<>();
    for (int from = 0; from < pages.length; from += Wanted.CHUNK_PAGES) {
      if (!reading.begin()) {
        return Optional.of(CHANGES);
      }
      try {
        batch.add(chunk(pages, from, Math.min(pages.length, from + Wanted.CHUNK_PAGES), view));
      } finally {
        reading.end();
      }
      if (batch.size() == CHUNKS_AT_ONCE || from + Wanted.CHUNK_PAGES >= pages.length) {
        for (ChunkStore.Put put : chunks.putAll(batch)) {
          switch (put) {
            case ChunkStore.Put.Stored(ChunkId id, boolean _) -> ids.add(id);
            case ChunkStore.Put.Full(long asked, long free) -> {
              return Optional.of(
                  "the store is full: asked %,d bytes, free %,d".formatted(asked, free));
            }
            case ChunkStore.Unavailable(String reason) -> {
              return Optional.of(reason);
            }
          }
        }
        batch.clear();
      }
    }
    return Optional.empty();
  }

  private static ByteBuffer chunk(int[] pages, int from, int to, PageView view) {
    ByteBuffer content = ByteBuffer.allocate((to - from) * PageSize.BYTES);
    for (int i = from; i < to; i++) {
      content.put(
          view.segment(pages[i]).asSlice(view.offset(pages[i]), PageSize.BYTES).asByteBuffer());
    }
    return content.flip();
  }

  /** Reads pages of the state as it is now. */
  @FunctionalInterface
  public interface Pages {

    /** Their bytes in order; empty if they can't be had. */
    Optional<ByteBuffer> read(int[] pages);
  }

  /**
   * The content of a chunk, put together from pages of the state that have not changed since: how a
   * store gets back what has rotted in all its tiers.
   */
  public Optional<ByteBuffer> contentOf(ChunkId id, Pages now) {
    List<Long> versions;
    try {
      versions = versions();
    } catch (IOException e) {
      return Optional.empty();
    }
    for (long version : versions.reversed()) {
      if (manifests.read(vm, version) instanceof ManifestStore.Reading.Found found) {
        Optional<ByteBuffer> content =
            pagesOf(id, found.manifest())
                .flatMap(now::read)
                .filter(bytes -> chunks.name(bytes.duplicate()).equals(id));
        if (content.isPresent()) {
          return content;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<int[]> pagesOf(ChunkId id, Manifest manifest) {
    int chunk = manifest.chunks().indexOf(id);
    if (chunk < 0) {
      return Optional.empty();
    }
    try {
      int[] pages = ArchivedEpoch.read(manifest.body()).pages();
      int from = chunk * Wanted.CHUNK_PAGES;
      return Optional.of(
          Arrays.copyOfRange(pages, from, Math.min(pages.length, from + Wanted.CHUNK_PAGES)));
    } catch (IllegalArgumentException e) {
      // Not one of ours.
      return Optional.empty();
    }
  }

  /** The epochs that can be restored, oldest first; what was forgotten is not among them. */
  public List<EpochManifest> epochs() throws IOException {
    List<EpochManifest> found = new ArrayList<>();
    for (long version : versions().reversed()) {
      Manifest manifest = read(version).manifest();
      if (manifest.isMark()) {
        break;
      }
      found.add(ArchivedEpoch.read(manifest.body()).manifest());
    }
    return found.reversed();
  }

  /**
   * One that is kept.
   *
   * @param number what it is called in the store
   * @param note what was kept with it
   */
  public record Kept(long number, EpochManifest epoch, ByteBuffer note) {

    /** Every caller gets a position of its own. */
    @Override
    public ByteBuffer note() {
      return note.duplicate();
    }
  }

  /**
   * Epochs that are kept, newest first; what is damaged is left out.
   *
   * @param most so many at most, for each costs a read
   * @throws StoreAwayException if one can't be read now: a newer one may be whole than those that
   *     can
   */
  public List<Kept> newest(int most) throws IOException {
    List<Kept> found = new ArrayList<>();
    for (long version : versions().reversed()) {
      if (found.size() == most) {
        break;
      }
      if (reading(version) instanceof ManifestStore.Reading.Found there) {
        if (there.manifest().isMark()) {
          break;
        }
        try {
          ArchivedEpoch epoch = ArchivedEpoch.read(there.manifest().body());
          found.add(new Kept(there.manifest().epoch(), epoch.manifest(), epoch.note()));
        } catch (IllegalArgumentException e) {
          // Not one of ours.
        }
      }
    }
    return found;
  }

  /**
   * Restores an epoch.
   *
   * @param into memory that holds nothing but zeros
   * @return its manifest, whose root what is restored has
   * @throws StoreAwayException if the store doesn't give it now
   * @throws IOException if it is not kept, or damaged
   */
  public EpochManifest restore(long epoch, RegionPages into) throws IOException {
    Deque<Manifest> chain = chain(epoch);
    restore(Wanted.of(chain), into);
    EpochManifest restored = ArchivedEpoch.read(chain.getLast().body()).manifest();
    long[] hashes = new long[into.layout().pages()];
    IntStream.range(0, hashes.length)
        .parallel()
        .forEach(page -> hashes[page] = PageHash.of(into, page));
    if (!PageHashes.of(hashes).root().equals(restored.root())) {
      throw new IOException(
          "epoch %d of %s comes out of the store with another root".formatted(epoch, vm));
    }
    return restored;
  }

  /**
   * Begins to restore an epoch on demand: whoever brings the machine to life asks for each page
   * before it is first used, and the rest comes meanwhile.
   *
   * @param into memory that holds nothing but zeros
   * @param orders in which order the VM was restored before, and where that is noted again
   * @throws IOException if the epoch is not kept
   */
  public OnDemandRestore restoreOnDemand(long epoch, RegionPages into, RestoreOrders orders)
      throws IOException {
    return new OnDemandRestore(vm, Wanted.of(chain(epoch)), chunks, into, orders);
  }

  /** The manifests of an epoch, the one that stands alone first; their chunks can be read. */
  private Deque<Manifest> chain(long epoch) throws IOException {
    Deque<Manifest> chain = new ArrayDeque<>();
    SortedMap<String, List<ChunkId>> of = new TreeMap<>();
    ManifestStore.Reading.Found next = called(epoch);
    while (true) {
      chain.push(next.manifest());
      of.computeIfAbsent(next.writer(), _ -> new ArrayList<>()).addAll(next.manifest().chunks());
      if (next.manifest().base() == 0) {
        break;
      }
      next = read(next.manifest().base());
    }
    for (Map.Entry<String, List<ChunkId>> writer : of.entrySet()) {
      Optional<String> problem = sharing.learn(writer.getKey(), writer.getValue());
      if (problem.isPresent()) {
        throw new StoreAwayException(problem.get());
      }
    }
    return chain;
  }

  private ManifestStore.Reading.Found called(long epoch) throws IOException {
    for (long version : versions().reversed()) {
      if (reading(version) instanceof ManifestStore.Reading.Found found) {
        if (found.manifest().isMark()) {
          break;
        }
        if (found.manifest().epoch() == epoch) {
          return found;
        }
      }
    }
    throw new IOException("epoch %d of %s is not in the store".formatted(epoch, vm));
  }

  private List<Long> versions() throws IOException {
    return switch (manifests.versions(vm)) {
      case ManifestStore.Versions.Known(List<Long> versions) -> versions;
      case ManifestStore.Unavailable(String reason) -> throw new StoreAwayException(reason);
    };
  }

  /** What is there for good, be it damaged: a store that is away is no answer. */
  private ManifestStore.Reading reading(long version) throws StoreAwayException {
    ManifestStore.Reading reading = manifests.read(vm, version);
    if (reading instanceof ManifestStore.Unavailable(String reason)) {
      throw new StoreAwayException(reason);
    }
    return reading;
  }

  private ManifestStore.Reading.Found read(long version) throws IOException {
    return switch (manifests.read(vm, version)) {
      case ManifestStore.Reading.Found found -> found;
      case ManifestStore.Reading.NotFound _ ->
          throw new IOException("version %d of %s is gone".formatted(version, vm));
      case ManifestStore.Reading.Corrupt(var _, long _, String evidence) ->
          throw new IOException("version %d of %s is damaged: %s".formatted(version, vm, evidence));
      case ManifestStore.Unavailable(String reason) -> throw new StoreAwayException(reason);
    };
  }

  /** Every page once, from the newest manifest that has it, several chunks at a time. */
  private void restore(Wanted wanted, RegionPages into) throws IOException {
    ChunkStore.ReadAll read =
        chunks.readAll(wanted.ids(), (index, content) -> wanted.write(index, content, into));
    if (read instanceof ChunkStore.ReadAll.Stopped(int index, ChunkStore.Got why)) {
      if (why instanceof ChunkStore.Unavailable(String reason)) {
        throw new StoreAwayException(reason);
      }
      throw new IOException(missing(wanted.ids().get(index), why));
    }
  }

  static String missing(ChunkId id, ChunkStore.Got why) {
    return switch (why) {
      case ChunkStore.Got.Found _ -> "chunk %s was not taken".formatted(id);
      case ChunkStore.Got.NotFound _ -> "chunk %s is gone".formatted(id);
      case ChunkStore.Got.Corrupt(var _, long _, String evidence) ->
          "chunk %s is damaged: %s".formatted(id, evidence);
      case ChunkStore.Unavailable(String reason) -> reason;
    };
  }

  /**
   * What was kept last.
   *
   * @param epoch empty if it is nothing that we know
   * @param ours kept by this very archive
   */
  private record Newest(long version, Optional<EpochManifest> epoch, int chain, boolean ours) {}
}
