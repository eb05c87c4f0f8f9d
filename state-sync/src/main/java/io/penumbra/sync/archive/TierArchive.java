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
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Keeps epochs of one VM in a tier store: pages in chunks of 64 KiB, and for each epoch a manifest
 * that names its chunks and builds on the one before. Now and then, and whenever the one before is
 * not there, a manifest stands alone and names all pages; what is the same is stored once. Owned by
 * one thread.
 */
public final class TierArchive {

  /** Chunks that are put in one go, 4 MiB. */
  private static final int CHUNKS_AT_ONCE = 64;

  /** Epochs in a row that build on each other. */
  private static final int CHAIN_MAX = 256;

  private final VmId vm;
  private final ChunkStore chunks;
  private final ManifestStore manifests;
  private final ShadowMode mode;
  private Optional<Newest> newest = Optional.empty();

  /**
   * Connects the parts.
   *
   * @param chunks the store as this VM sees it
   */
  public TierArchive(VmId vm, ChunkStore chunks, ManifestStore manifests, ShadowMode mode) {
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
   * Keeps an epoch.
   *
   * @param changed the pages that it changed
   * @param view the state at that epoch
   */
  public Keeping keep(EpochManifest epoch, int[] changed, PageView view) {
    Optional<Newest> before = newest.or(this::look);
    if (before.isPresent() && before.get().epoch() >= epoch.epoch()) {
      return new Keeping.Kept(before.get().version());
    }
    boolean follows =
        before.isPresent()
            && before.get().epoch() == epoch.epoch() - 1
            && epoch.base() != 0
            && before.get().chain() < CHAIN_MAX;
    int[] pages = follows ? changed : notZero(epoch, view);
    List<ChunkId> ids = new ArrayList<>();
    Optional<String> refusal = put(pages, view, ids);
    if (refusal.isPresent()) {
      return new Keeping.NotKept(refusal.get());
    }
    int chain = follows ? before.orElseThrow().chain() + 1 : 1;
    Manifest manifest =
        new Manifest(
            vm,
            epoch.epoch(),
            follows ? before.orElseThrow().version() : 0,
            epoch.cutAt(),
            mode,
            ids,
            new ArchivedEpoch(epoch, chain, pages).toBytes());
    return commit(manifest, before.map(Newest::version).orElse(0L), chain);
  }

  private Keeping commit(Manifest manifest, long expected, int chain) {
    newest = Optional.empty();
    return switch (manifests.commit(manifest, expected)) {
      case ManifestStore.Commit.Committed(long version) ->
          kept(new Newest(version, manifest.epoch(), chain));
      case ManifestStore.Commit.Held(long version, String _) ->
          kept(new Newest(version, manifest.epoch(), chain));
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
    if (manifests.newest(vm) instanceof ManifestStore.Reading.Found found) {
      try {
        ArchivedEpoch archived = ArchivedEpoch.read(found.manifest().body());
        return Optional.of(
            new Newest(found.version(), archived.manifest().epoch(), archived.chain()));
      } catch (IllegalArgumentException e) {
        // Not ours: the next version stands alone.
        return Optional.of(new Newest(found.version(), 0, CHAIN_MAX));
      }
    }
    return Optional.empty();
  }

  private static int[] notZero(EpochManifest epoch, PageView view) {
    return IntStream.range(0, epoch.layout().pages())
        .parallel()
        .filter(page -> PageHash.of(view, page) != PageHash.ZERO_PAGE)
        .toArray();
  }

  /** Puts the pages' chunks; says why if it could not. */
  private Optional<String> put(int[] pages, PageView view, List<ChunkId> ids) {
    List<ByteBuffer> batch = new ArrayList<>();
    for (int from = 0; from < pages.length; from += Wanted.CHUNK_PAGES) {
      batch.add(chunk(pages, from, Math.min(pages.length, from + Wanted.CHUNK_PAGES), view));
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

  /** The epochs that can be restored, oldest first. */
  public List<EpochManifest> epochs() throws IOException {
    List<EpochManifest> found = new ArrayList<>();
    for (long version : versions()) {
      found.add(ArchivedEpoch.read(read(version).body()).manifest());
    }
    return found;
  }

  /**
   * Restores an epoch.
   *
   * @param into memory that holds nothing but zeros
   * @return its manifest, whose root what is restored has
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

  /** The manifests of an epoch, the one that stands alone first. */
  private Deque<Manifest> chain(long epoch) throws IOException {
    Deque<Manifest> chain = new ArrayDeque<>();
    long version = versionOf(epoch);
    while (version != 0) {
      Manifest manifest = read(version);
      chain.push(manifest);
      version = manifest.base();
    }
    return chain;
  }

  private long versionOf(long epoch) throws IOException {
    for (long version : versions().reversed()) {
      if (read(version).epoch() == epoch) {
        return version;
      }
    }
    throw new IOException("epoch %d of %s is not in the store".formatted(epoch, vm));
  }

  private List<Long> versions() throws IOException {
    return switch (manifests.versions(vm)) {
      case ManifestStore.Versions.Known(List<Long> versions) -> versions;
      case ManifestStore.Unavailable(String reason) -> throw new IOException(reason);
    };
  }

  private Manifest read(long version) throws IOException {
    return switch (manifests.read(vm, version)) {
      case ManifestStore.Reading.Found found -> found.manifest();
      case ManifestStore.Reading.NotFound _ ->
          throw new IOException("version %d of %s is gone".formatted(version, vm));
      case ManifestStore.Reading.Corrupt(var _, long _, String evidence) ->
          throw new IOException("version %d of %s is damaged: %s".formatted(version, vm, evidence));
      case ManifestStore.Unavailable(String reason) -> throw new IOException(reason);
    };
  }

  /** Every page once, from the newest manifest that has it, several chunks at a time. */
  private void restore(Wanted wanted, RegionPages into) throws IOException {
    ChunkStore.ReadAll read =
        chunks.readAll(wanted.ids(), (index, content) -> wanted.write(index, content, into));
    if (read instanceof ChunkStore.ReadAll.Stopped(int index, ChunkStore.Got why)) {
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

  private record Newest(long version, long epoch, int chain) {}
}
