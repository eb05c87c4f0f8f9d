package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSource;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Takes cuts of a source. It keeps a copy of the whole state as of the last cut that was accepted;
 * a new cut is what differs from it, copied aside. When nobody makes writers stand still, the state
 * is looked at until two passes agree, or a bound is reached: see {@link Consistency}.
 *
 * <p>A page itself is copied until copy and original are equal, so a page is never half one write
 * and half the next, as long as writers leave it alone for a moment. Owned by one thread; the work
 * inside is spread over the cores.
 */
public final class CutTaker {

  /** So often a page is copied again while somebody writes it. */
  private static final int COPIES_MAX = 4;

  private final StateSource source;
  private final StateLayout layout;
  private final RegionPages base;
  private final PageSlots slots;
  private final CutSettings settings;
  private final InstantSource clock;
  private PageHashes hashes;
  private boolean filled;

  /**
   * Starts with no state.
   *
   * @param base memory for the whole state
   * @param memory more of it, for what changes
   */
  public CutTaker(
      StateSource source,
      RegionPages base,
      SlotMemory memory,
      CutSettings settings,
      InstantSource clock) {
    this.source = source;
    this.layout = source.layout();
    this.base = base;
    this.slots = new PageSlots(layout.pages(), memory);
    this.settings = settings;
    this.clock = clock;
    this.hashes = PageHashes.ofZeros(layout.pages());
    if (!base.layout().equals(layout)) {
      throw new IllegalArgumentException(
          "memory for %s, state of %s".formatted(base.layout(), layout));
    }
  }

  public StateLayout layout() {
    return layout;
  }

  /** The hashes of the last accepted cut. */
  public PageHashes hashes() {
    return hashes;
  }

  /** Takes the next cut; one that was not accepted is forgotten. */
  public Cut take() {
    slots.clear();
    Instant start = clock.instant();
    try (StateSource.Hold hold = source.hold()) {
      return filled ? differences(hold, start) : everything(hold, start);
    }
  }

  /** The other end may have anything: the next cut names all pages again. */
  public void restart() {
    filled = false;
  }

  /** The other end has this cut for good: differences are taken from it from now on. */
  public void accept(Cut cut) {
    if (slots.count() == 0) {
      return;
    }
    int[] pages = cut.pages();
    IntStream.range(0, pages.length)
        .parallel()
        .forEach(i -> base.write(pages[i], slots.segment(pages[i]), slots.offset(pages[i])));
    for (int i = 0; i < pages.length; i++) {
      hashes.set(pages[i], cut.hashes()[i]);
    }
    slots.clear();
  }

  /** The first cut fills the base itself: there is nothing yet that it could differ from. */
  private Cut everything(StateSource.Hold hold, Instant start) {
    refreshBase(hold);
    int passes = 1;
    boolean stable = hold.still();
    while (!stable && passes < settings.passesMax()) {
      stable = refreshBase(hold) == 0;
      passes++;
    }
    long[] all = new long[layout.pages()];
    PageScanner.stripes(
        layout.pages(),
        settings.parallel(),
        (from, to) -> {
          for (int page = from; page < to; page++) {
            all[page] = PageHash.of(base, page);
          }
        });
    hashes = PageHashes.of(all);
    filled = true;
    int[] pages = IntStream.range(0, layout.pages()).toArray();
    return cut(hold, pages, all.clone(), consistency(hold, stable), passes, start);
  }

  /** Copies what differs from the base into it, and says how many pages that were. */
  private int refreshBase(StateSource.Hold hold) {
    AtomicInteger moved = new AtomicInteger();
    forEachStripe(
        hold,
        (live, region, from, to) ->
            // What is equal is not written: holes of a sparse base stay holes.
            PageScanner.stretch(
                live,
                base.region(region),
                from,
                to,
                page -> {
                  refresh(live, base.region(region), page);
                  moved.incrementAndGet();
                }));
    return moved.get();
  }

  private Cut differences(StateSource.Hold hold, Instant start) {
    Optional<BitSet> tracked = hold.mayHaveChanged();
    int passes = 1;
    boolean stable = hold.still();
    if (tracked.isPresent()) {
      tracked.get().stream().forEach(page -> stageIfChanged(hold, page));
    } else {
      look(hold);
      while (!stable && passes < settings.passesMax()) {
        stable = look(hold) == 0;
        passes++;
      }
    }
    int[] pages = slots.pages();
    long[] changed = new long[pages.length];
    IntStream indices = IntStream.range(0, pages.length);
    (settings.parallel() ? indices.parallel() : indices)
        .forEach(i -> changed[i] = PageHash.of(slots.segment(pages[i]), slots.offset(pages[i])));
    return cut(hold, pages, changed, consistency(hold, stable), passes, start);
  }

  /** One pass over everything; returns how many pages were not as last seen. */
  private int look(StateSource.Hold hold) {
    AtomicInteger moved = new AtomicInteger();
    forEachStripe(hold, (live, region, from, to) -> look(live, region, from, to, moved));
    return moved.get();
  }

  private void look(MemorySegment live, int region, int from, int to, AtomicInteger moved) {
    int first = layout.firstPage(region);
    int page = from;
    while (page < to) {
      if (slots.has(first + page)) {
        if (stage(live, first, page)) {
          moved.incrementAndGet();
        }
        page++;
      } else {
        int end = page + 1;
        while (end < to && !slots.has(first + end)) {
          end++;
        }
        PageScanner.stretch(
            live,
            base.region(region),
            page,
            end,
            changed -> {
              stage(live, first, changed);
              moved.incrementAndGet();
            });
        page = end;
      }
    }
  }

  private void stageIfChanged(StateSource.Hold hold, int page) {
    int region = layout.regionOf(page);
    int first = layout.firstPage(region);
    int local = page - first;
    PageScanner.stretch(
        hold.region(region),
        base.region(region),
        local,
        local + 1,
        changed -> stage(hold.region(region), first, changed));
  }

  /** Copies a page aside; false if the copy there was right already. */
  private boolean stage(MemorySegment live, int first, int page) {
    if (!slots.has(first + page)) {
      slots.take(first + page);
      copy(live, page, slots.segment(first + page), slots.offset(first + page), false);
      return true;
    }
    return copy(live, page, slots.segment(first + page), slots.offset(first + page), true);
  }

  private static void refresh(MemorySegment live, MemorySegment copy, int page) {
    copy(live, page, copy, (long) page << PageSize.SHIFT, false);
  }

  /** Copies until both are equal; false if they were from the start and one may believe it. */
  private static boolean copy(
      MemorySegment live, int page, MemorySegment to, long offset, boolean lookFirst) {
    long from = (long) page << PageSize.SHIFT;
    long bytes = Math.min(PageSize.BYTES, live.byteSize() - from);
    if (lookFirst && same(live, from, to, offset, bytes)) {
      return false;
    }
    for (int copies = 0; copies < COPIES_MAX; copies++) {
      MemorySegment.copy(live, from, to, offset, bytes);
      if (same(live, from, to, offset, bytes)) {
        break;
      }
    }
    if (bytes < PageSize.BYTES) {
      to.asSlice(offset + bytes, PageSize.BYTES - bytes).fill((byte) 0);
    }
    return true;
  }

  private static boolean same(
      MemorySegment live, long from, MemorySegment copy, long offset, long bytes) {
    return MemorySegment.mismatch(live, from, from + bytes, copy, offset, offset + bytes) < 0;
  }

  private void forEachStripe(StateSource.Hold hold, RegionStripe work) {
    for (int region = 0; region < layout.regions().size(); region++) {
      int number = region;
      MemorySegment live = hold.region(region);
      PageScanner.stripes(
          layout.pagesIn(region),
          settings.parallel(),
          (from, to) -> work.run(live, number, from, to));
    }
  }

  private static Consistency consistency(StateSource.Hold hold, boolean stable) {
    if (hold.still()) {
      return Consistency.QUIESCED;
    }
    return stable ? Consistency.STABLE : Consistency.PAGEWISE;
  }

  private Cut cut(
      StateSource.Hold hold,
      int[] pages,
      long[] changed,
      Consistency consistency,
      int passes,
      Instant start) {
    return new Cut(
        pages,
        changed,
        slots.over(base),
        base,
        hashes.rootWith(pages.length, pages, changed),
        start,
        consistency,
        passes,
        Duration.between(start, clock.instant()),
        hold.requestLogPosition(),
        hold.health());
  }

  /** Work on some pages of one region, counted from its own first page. */
  @FunctionalInterface
  private interface RegionStripe {
    void run(MemorySegment live, int region, int from, int to);
  }
}
