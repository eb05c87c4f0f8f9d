package io.penumbra.tiers;

import io.penumbra.tiers.ChunkStore.Got;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.ReadAll;
import io.penumbra.tiers.ChunkStore.Taker;
import io.penumbra.tiers.pack.PackFormat;
import io.penumbra.tiers.pack.PackShelf;
import io.penumbra.tiers.seal.Opened;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/**
 * Reads many chunks of one store. Chunks that are neighbours in a pack come with one read, and
 * several reads are under way at once, so that the next bytes are on their way while these are
 * decrypted, decompressed and checked. A chunk that isn't whole where it should be is left to the
 * ordinary read, which knows the other tiers.
 *
 * <p>Memory is bounded by {@link #WORKERS} reads of {@link #REMOTE_BYTES}, and a chunk for each.
 */
final class BulkRead {

  /** Reads under way: enough to hide an object store's answer time, few enough for its limits. */
  static final int WORKERS = 4;

  /** Longest read from the object tier, a usual pack: requests cost time there, and money. */
  static final int REMOTE_BYTES = 16 << 20;

  private static final int LOCAL_BYTES = 1 << 20;

  /** Chunks that are put into the order of packs together: 256 MiB of 64 KiB each. */
  private static final int WINDOW_CHUNKS = 4096;

  /** Reading over such a gap is cheaper than another request. */
  private static final int GAP_BYTES = 128 << 10;

  private final TieredChunkStore store;
  private final List<ChunkId> ids;
  private final Taker taker;
  private final ArrayDeque<Run> ready = new ArrayDeque<>();
  private final LongAdder bytes = new LongAdder();
  private int next;
  private volatile Optional<ReadAll> stopped = Optional.empty();

  BulkRead(TieredChunkStore store, List<ChunkId> ids, Taker taker) {
    this.store = store;
    this.ids = ids;
    this.taker = taker;
  }

  /** One wanted chunk; {@code at} is empty when the store doesn't know it. */
  private record Piece(int index, ChunkId id, Optional<PackShelf.Location> at) {

    int pack() {
      return at.map(PackShelf.Location::pack).orElse(0);
    }

    int offset() {
      return at.map(PackShelf.Location::offset).orElse(0);
    }

    int end() {
      return at.map(place -> place.offset() + PackFormat.RECORD_BYTES + place.length()).orElse(0);
    }

    boolean local() {
      return at.filter(PackShelf.Location::local).isPresent();
    }
  }

  /** Chunks that come with one read; at least one. */
  private record Run(List<Piece> pieces) {

    Piece first() {
      return pieces.getFirst();
    }

    int length() {
      return pieces.getLast().end() - first().offset();
    }

    boolean reaches(Piece piece) {
      int most = first().local() ? LOCAL_BYTES : REMOTE_BYTES;
      return first().pack() != 0
          && piece.pack() == first().pack()
          && piece.local() == first().local()
          && piece.offset() - pieces.getLast().end() <= GAP_BYTES
          && piece.end() - first().offset() <= most;
    }
  }

  /** Reads them all, or up to the first that can't be had. */
  ReadAll run() throws IOException {
    try (ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> working = new ArrayList<>();
      int count = Math.min(WORKERS, ids.size());
      for (int i = 0; i < count; i++) {
        working.add(
            workers.submit(() -> {
              work();
              return null;
            }));
      }
      for (Future<Void> worker : working) {
        await(worker);
      }
    }
    return stopped.orElseGet(() -> new ReadAll.Complete(bytes.sum()));
  }

  private void await(Future<Void> worker) throws IOException {
    try {
      worker.get();
    } catch (InterruptedException e) {
      halt(0, new ChunkStore.Unavailable("interrupted"));
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      halt(0, new ChunkStore.Unavailable("whoever takes the chunks failed"));
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case null, default -> throw new IllegalStateException("a reader stopped", e);
      }
    }
  }

  private void work() throws IOException {
    try {
      Optional<Run> run = nextRun();
      while (run.isPresent()) {
        read(run.get());
        run = nextRun();
      }
    } catch (IOException | RuntimeException e) {
      // The others need not go on.
      halt(0, new ChunkStore.Unavailable(e.toString()));
      throw e;
    }
  }

  private synchronized Optional<Run> nextRun() {
    if (stopped.isPresent()) {
      return Optional.empty();
    }
    if (ready.isEmpty() && next < ids.size()) {
      plan(Math.min(ids.size(), next + WINDOW_CHUNKS));
    }
    return Optional.ofNullable(ready.poll());
  }

  private void plan(int end) {
    List<ChunkId> window = ids.subList(next, end);
    List<Optional<PackShelf.Location>> places = store.shelf().locateAll(window);
    List<Piece> pieces = new ArrayList<>(window.size());
    for (int i = 0; i < window.size(); i++) {
      pieces.add(new Piece(next + i, window.get(i), places.get(i)));
    }
    pieces.sort(Comparator.comparingInt(Piece::pack).thenComparingInt(Piece::offset));
    List<Piece> run = new ArrayList<>();
    for (Piece piece : pieces) {
      if (!run.isEmpty() && !new Run(run).reaches(piece)) {
        ready.add(new Run(run));
        run = new ArrayList<>();
      }
      run.add(piece);
    }
    ready.add(new Run(run));
    next = end;
  }

  private void read(Run run) throws IOException {
    Optional<ByteBuffer> part = Optional.empty();
    boolean asked = false;
    for (Piece piece : run.pieces()) {
      Optional<ByteBuffer> content = piece.local() ? Optional.empty() : cached(piece);
      if (content.isEmpty()) {
        if (!asked) {
          asked = true;
          part = part(run);
        }
        content = part.flatMap(bytes -> content(run, piece, bytes));
      }
      if (content.isPresent()) {
        give(piece, content.get());
      } else if (!alone(piece)) {
        return;
      }
    }
  }

  private Optional<ByteBuffer> part(Run run) {
    if (run.first().pack() == 0) {
      return Optional.empty();
    }
    if (!run.first().local()) {
      store.counts().objectRequests.increment();
    }
    return store
        .shelf()
        .readPart(run.first().pack(), run.first().local(), run.first().offset(), run.length());
  }

  private Optional<ByteBuffer> cached(Piece piece) {
    Optional<ByteBuffer> content =
        store.parts().cache().get(piece.id()).flatMap(sealed -> open(piece, sealed));
    content.ifPresent(_ -> store.counts().cacheReads.increment());
    return content;
  }

  private Optional<ByteBuffer> content(Run run, Piece piece, ByteBuffer part) {
    Optional<ByteBuffer> content =
        PackFormat.recordAt(part, piece.offset() - run.first().offset(), piece.offset())
            .filter(record -> record.id().equals(piece.id()))
            .flatMap(record -> open(piece, record.sealed()));
    if (content.isPresent()) {
      (piece.local() ? store.counts().ssdReads : store.counts().objectReads).increment();
    }
    return content;
  }

  private Optional<ByteBuffer> open(Piece piece, ByteBuffer sealed) {
    return store.seal().open(piece.id(), sealed) instanceof Opened.Content(ByteBuffer content)
        ? Optional.of(content)
        : Optional.empty();
  }

  private boolean alone(Piece piece) throws IOException {
    Got got = store.get(piece.id());
    if (got instanceof Found(ByteBuffer content)) {
      give(piece, content);
      return true;
    }
    halt(piece.index(), got);
    return false;
  }

  private void give(Piece piece, ByteBuffer content) throws IOException {
    bytes.add(content.remaining());
    taker.take(piece.index(), content);
  }

  private synchronized void halt(int index, Got why) {
    if (stopped.isEmpty()) {
      stopped = Optional.of(new ReadAll.Stopped(index, why));
    }
  }
}
