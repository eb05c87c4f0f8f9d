package io.penumbra.sync.archive;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.manifest.RestoreOrders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * A restore whose reader doesn't wait for all of it. {@link #await} brings a page now if it isn't
 * there; meanwhile {@link #fill} brings what the last restores of this VM touched, in that order,
 * and then the rest. A page is written once and never again, so the machine may write to what it
 * has awaited. Every chunk is checked against its name, as the manifests are against theirs.
 */
public final class OnDemandRestore implements AutoCloseable {

  /** Pages of a place: about what comes with one chunk. */
  private static final int PLACE_SHIFT = 4;

  /** Chunks fetched together while their order matters, 4 MiB. */
  private static final int ORDERED_CHUNKS = 64;

  private static final int WANTED = 0;
  private static final int TAKEN = 1;
  private static final int THERE = 2;

  private final VmId vm;
  private final Wanted wanted;
  private final ChunkStore chunks;
  private final RegionPages into;
  private final RestoreOrders orders;
  private final int[] chunkOf;
  private final AtomicIntegerArray states;
  private final Object arrival = new Object();
  private final BitSet touched = new BitSet();
  private final List<Integer> order = new ArrayList<>();
  private final LongAdder demanded = new LongAdder();
  private final LongAdder found = new LongAdder();
  private volatile boolean closed;

  OnDemandRestore(
      VmId vm, Wanted wanted, ChunkStore chunks, RegionPages into, RestoreOrders orders) {
    this.vm = vm;
    this.wanted = wanted;
    this.chunks = chunks;
    this.into = into;
    this.orders = orders;
    this.chunkOf = new int[into.layout().pages()];
    this.states = new AtomicIntegerArray(wanted.ids().size());
    Arrays.fill(chunkOf, -1);
    for (int chunk = 0; chunk < wanted.ids().size(); chunk++) {
      for (int page : wanted.pages(chunk)) {
        if (page >= 0) {
          chunkOf[page] = chunk;
        }
      }
    }
  }

  /**
   * Returns when a page has its content, and notes that it was asked for.
   *
   * @throws IOException if it can't be had; it may be asked for again
   */
  public void await(int page) throws IOException {
    note(page >> PLACE_SHIFT);
    int chunk = chunkOf[page];
    if (chunk < 0 || states.get(chunk) == THERE) {
      found.increment();
      return;
    }
    demanded.increment();
    while (states.get(chunk) != THERE) {
      if (states.compareAndSet(chunk, WANTED, TAKEN)) {
        bring(chunk);
      } else {
        awaitArrival(chunk);
      }
    }
  }

  private void note(int place) {
    synchronized (touched) {
      if (!touched.get(place) && order.size() < RestoreOrders.PLACES_MAX) {
        touched.set(place);
        order.add(place);
      }
    }
  }

  private void bring(int chunk) throws IOException {
    int state = WANTED;
    try {
      ChunkId id = wanted.ids().get(chunk);
      ChunkStore.Got got = chunks.get(id);
      if (!(got instanceof ChunkStore.Got.Found(ByteBuffer content))) {
        throw new IOException(TierArchive.missing(id, got));
      }
      wanted.write(chunk, content, into);
      state = THERE;
    } finally {
      arrived(chunk, state);
    }
  }

  private void arrived(int chunk, int state) {
    states.set(chunk, state);
    synchronized (arrival) {
      arrival.notifyAll();
    }
  }

  private void awaitArrival(int chunk) throws IOException {
    synchronized (arrival) {
      while (states.get(chunk) == TAKEN) {
        try {
          arrival.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while a page was on its way", e);
        }
      }
    }
  }

  /**
   * Brings everything, the places that the last restores touched first; for a thread of its own.
   *
   * @throws IOException if something can't be had; what was asked for may still be
   */
  public void fill() throws IOException {
    fillOrdered();
    List<Integer> rest = new ArrayList<>();
    for (int chunk = 0; chunk < states.length(); chunk++) {
      rest.add(chunk);
    }
    fill(rest);
  }

  /** Brings what the last restores touched, in their order. */
  public void fillOrdered() throws IOException {
    BitSet asked = new BitSet();
    List<Integer> batch = new ArrayList<>();
    for (int place : orders.load(vm)) {
      for (int page = place << PLACE_SHIFT; page < (place + 1) << PLACE_SHIFT; page++) {
        if (page >= 0 && page < chunkOf.length && chunkOf[page] >= 0 && !asked.get(chunkOf[page])) {
          asked.set(chunkOf[page]);
          batch.add(chunkOf[page]);
        }
      }
      if (batch.size() >= ORDERED_CHUNKS) {
        fill(batch);
        batch.clear();
      }
    }
    fill(batch);
  }

  private void fill(List<Integer> some) throws IOException {
    List<Integer> missing = some.stream().filter(chunk -> states.get(chunk) == WANTED).toList();
    List<ChunkId> ids = missing.stream().map(wanted.ids()::get).toList();
    ChunkStore.ReadAll read =
        chunks.readAll(ids, (index, content) -> take(missing.get(index), content));
    if (read instanceof ChunkStore.ReadAll.Stopped(int index, ChunkStore.Got why)) {
      throw new IOException(TierArchive.missing(ids.get(index), why));
    }
  }

  private void take(int chunk, ByteBuffer content) throws IOException {
    if (closed) {
      throw new IOException("the restore was given up");
    }
    // Whoever asked for it meanwhile may have written to it already: then it is not ours any more.
    if (states.compareAndSet(chunk, WANTED, TAKEN)) {
      wanted.write(chunk, content, into);
      arrived(chunk, THERE);
    }
  }

  /** Whether all of it is there. */
  public boolean whole() {
    for (int chunk = 0; chunk < states.length(); chunk++) {
      if (states.get(chunk) != THERE) {
        return false;
      }
    }
    return true;
  }

  /** How often a page was asked for that wasn't there yet. */
  public long demanded() {
    return demanded.sum();
  }

  /** How often a page was asked for that was. */
  public long found() {
    return found.sum();
  }

  /** Ends filling, and remembers the order for the next time; one that can't be kept costs time. */
  @Override
  public void close() {
    closed = true;
    synchronized (touched) {
      if (!order.isEmpty()) {
        orders.save(vm, order);
      }
    }
  }
}
