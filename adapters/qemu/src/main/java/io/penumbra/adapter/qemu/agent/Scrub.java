package io.penumbra.adapter.qemu.agent;

import io.penumbra.sync.drift.DriftLog;
import io.penumbra.sync.drift.DriftThresholds;
import io.penumbra.sync.drift.DriftVerdict;
import io.penumbra.sync.drift.PageDifference;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateLayout;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads a guest's memory a second time, some of it after every epoch, and holds it against what the
 * shadow has. The kernel names every page that was written between two cuts, so a page that differs
 * and was not named has changed by itself: a bit has flipped, or somebody has written past the
 * guest. No noise is expected where writes are tracked; where memory is compared instead, such a
 * change looks like any other, and nothing is said. Owned by a sender's thread.
 */
final class Scrub {

  private static final int RAM = 0;
  private static final int SLICE_PAGES = 256;
  private static final int SUSPECTS_MAX = 1 << 16;
  private static final long ROUND_PAGES_MAX = (256L << 20) >>> PageSize.SHIFT;
  private static final int ENTRIES = 100;

  /** What is read a second time. */
  interface Live {

    /** The guest's memory, while it runs; empty if it can't be read now. */
    Optional<MemorySegment> ram();

    /** Pages of it that may be other than zero. */
    Optional<BitSet> data();

    /** Pages that were named as written since this was asked; empty if nobody keeps track. */
    Optional<BitSet> drainNamed();
  }

  private final StateLayout layout;
  private final long pagesPerSecond;

  /** By slice: the last epoch at which all of it was right. */
  private final long[] healthy;

  private final BitSet readLast = new BitSet();
  private final Map<Integer, Long> suspects = new TreeMap<>();
  private final Map<Integer, Long> differing = new TreeMap<>();
  private Optional<DriftLog> log = Optional.empty();
  private BitSet data = new BitSet();
  private int cursor;
  private long lastEpoch;
  private long lastNanos;
  private long passes;

  /**
   * One that has read nothing.
   *
   * @param mibPerSecond at most so much is read; none for 0
   */
  Scrub(StateLayout layout, int mibPerSecond) {
    this.layout = layout;
    pagesPerSecond = ((long) mibPerSecond << 20) >>> PageSize.SHIFT;
    healthy = new long[(layout.pagesIn(RAM) + SLICE_PAGES - 1) / SLICE_PAGES];
  }

  /** How often all of memory was read. */
  long passes() {
    return passes;
  }

  /**
   * An epoch is safe at the shadow.
   *
   * @param safe what the shadow has now
   * @param whole whether the epoch had everything
   * @return what was found to be wrong in what was read after the epoch before
   */
  Optional<Drift> acked(
      Live live, PageView safe, PageHashes hashes, long epoch, boolean whole, long nowNanos) {
    Optional<BitSet> named = live.drainNamed();
    if (pagesPerSecond == 0) {
      return Optional.empty();
    }
    Optional<Drift> found = Optional.empty();
    if (whole || log.isEmpty()) {
      begin(hashes, epoch);
    } else {
      found = judge(live, safe, hashes, named, epoch);
    }
    suspects.clear();
    readLast.clear();
    live.ram().ifPresent(ram -> read(live, ram, safe, budget(nowNanos)));
    lastEpoch = epoch;
    lastNanos = nowNanos;
    return found;
  }

  private void begin(PageHashes hashes, long epoch) {
    DriftLog fresh = new DriftLog(DriftThresholds.STRICT, layout.pages(), ENTRIES);
    fresh.compare(epoch, hashes, hashes, new BitSet(), new BitSet());
    log = Optional.of(fresh);
    differing.clear();
    Arrays.fill(healthy, epoch);
  }

  private long budget(long nowNanos) {
    if (lastNanos == 0) {
      return 0;
    }
    return Math.min(ROUND_PAGES_MAX, (nowNanos - lastNanos) * pagesPerSecond / 1_000_000_000L);
  }

  /** What was read after the epoch before, now that it is known what was written meanwhile. */
  private Optional<Drift> judge(
      Live live, PageView safe, PageHashes hashes, Optional<BitSet> named, long epoch) {
    if (named.isEmpty()) {
      return Optional.empty();
    }
    named.get().stream()
        .forEach(page -> {
          suspects.remove(page);
          // Written anew: whatever was wrong with it is gone, and the shadow has what is there.
          differing.remove(page);
        });
    suspects.keySet().forEach(page -> readLast.clear(page / SLICE_PAGES));
    readLast.stream().forEach(slice -> healthy[slice] = lastEpoch);
    boolean fresh = !differing.keySet().containsAll(suspects.keySet());
    differing.putAll(suspects);
    DriftLog comparing = log.orElseThrow();
    if (differing.isEmpty() && comparing.differing().isEmpty()) {
      return Optional.empty();
    }
    PageHashes second = hashes.copy();
    differing.forEach(second::set);
    DriftVerdict verdict = comparing.compare(epoch, hashes, second, named.get(), named.get());
    return fresh && verdict instanceof DriftVerdict.Drift drift
        ? live.ram().map(ram -> describe(drift, ram, safe))
        : Optional.empty();
  }

  private Drift describe(DriftVerdict.Drift drift, MemorySegment ram, PageView safe) {
    int page = drift.pages().getFirst();
    long wellUntil =
        drift.pages().stream().mapToLong(p -> healthy[p / SLICE_PAGES]).min().orElseThrow();
    return new Drift(
        page,
        layout.regions().get(layout.regionOf(page)).id().value(),
        drift.count(),
        drift.epoch(),
        wellUntil,
        PageDifference.of(safe, new Ram(ram, layout.pagesIn(RAM)), page),
        drift.reason());
  }

  private void read(Live live, MemorySegment ram, PageView safe, long pagesMost) {
    long left = pagesMost;
    int begun = cursor;
    while (left > 0 && suspects.size() < SUSPECTS_MAX) {
      if (cursor == 0) {
        // Reading a hole would fill it.
        data = live.data().orElseGet(this::everything);
      }
      int next = data.nextSetBit(cursor * SLICE_PAGES);
      int upTo = next < 0 ? healthy.length : next / SLICE_PAGES;
      // Slices without data are as right as zeros can be.
      readLast.set(cursor, upTo);
      if (upTo < healthy.length) {
        left -= slice(upTo, ram, safe);
        readLast.set(upTo);
        cursor = upTo + 1;
      } else {
        cursor = upTo;
      }
      if (cursor >= healthy.length) {
        cursor = 0;
        passes++;
        if (begun == 0) {
          return;
        }
        begun = 0;
      }
    }
  }

  private BitSet everything() {
    BitSet all = new BitSet();
    all.set(0, layout.pagesIn(RAM));
    return all;
  }

  private int slice(int slice, MemorySegment ram, PageView safe) {
    int end = Math.min((slice + 1) * SLICE_PAGES, layout.pagesIn(RAM));
    int looked = 0;
    for (int page = data.nextSetBit(slice * SLICE_PAGES);
        page >= 0 && page < end;
        page = data.nextSetBit(page + 1)) {
      long at = (long) page << PageSize.SHIFT;
      long there = safe.offset(page);
      looked++;
      if (MemorySegment.mismatch(
              ram, at, at + PageSize.BYTES, safe.segment(page), there, there + PageSize.BYTES)
          >= 0) {
        suspects.put(page, PageHash.of(ram, at));
      }
    }
    return looked;
  }

  /** Memory as a view of pages; its first page is the state's first. */
  private record Ram(MemorySegment memory, int pages) implements PageView {

    @Override
    public MemorySegment segment(int page) {
      return memory;
    }

    @Override
    public long offset(int page) {
      return (long) page << PageSize.SHIFT;
    }
  }
}
