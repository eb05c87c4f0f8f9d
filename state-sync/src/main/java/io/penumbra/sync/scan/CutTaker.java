package io.penumbra.sync.scan;

import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.HealthSnapshot;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Takes cuts of a source. It keeps a copy of the whole state as of the last cut that was accepted;
 * a new cut is what differs from it, copied aside. While the source is held, pages are only copied,
 * and where somebody keeps track of changes only those named; what was copied is compared and
 * hashed afterwards. When nobody makes writers stand still, the state is looked at until two passes
 * agree, or a bound is reached: see {@link Consistency}.
 *
 * <p>A page itself is copied until copy and original are equal, so a page is never half one write
 * and half the next, as long as writers leave it alone for a moment. Owned by one thread; the work
 * inside is spread over the cores. A source belongs to one taker for as long as it is open.
 */
public final class CutTaker {

  /** Rounds of copying ahead of the first hold; each has what was written during the one before. */
  private static final int ROUNDS_AHEAD = 5;

  /** So few pages are left to the hold rather than to another round. */
  private static final int FEW_PAGES = 1024;

  /** Slots that are ready for a hold, however few were needed the last time. */
  private static final int SPARE_SLOTS = 512;

  private final StateSource source;
  private final StateLayout layout;
  private final RegionPages base;
  private final PageSlots slots;
  private final List<RegionCopier> copiers;
  private final CutSettings settings;
  private final InstantSource clock;
  private PageHashes hashes;
  private boolean filled;
  private int copiedLastTime;

  /**
   * Starts with no state.
   *
   * @param base memory for the whole state, all zeros
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
    copiers =
        IntStream.range(0, layout.regions().size())
            .mapToObj(region -> new RegionCopier(base, region, slots, settings.parallel()))
            .toList();
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
    copiers.forEach(copier -> copier.begin(!filled));
    source.glimpse().ifPresent(this::lookAhead);
    if (filled) {
      slots.prepare(2 * copiedLastTime + SPARE_SLOTS);
    }
    Instant start = clock.instant();
    Held held;
    try (StateSource.Hold hold = source.hold()) {
      held = copy(hold);
    }
    Duration length = Duration.between(start, clock.instant());
    return filled ? differences(held, start, length) : everything(held, start, length);
  }

  /**
   * Looks at the live state between two cuts: what is not as at the last accepted one by now,
   * copied aside until the next look or cut. Regions that can be read in a hold only are left out.
   * Empty if the source does not allow it, or there is no accepted cut.
   */
  public Optional<Look> look() {
    if (!filled) {
      return Optional.empty();
    }
    Optional<StateSource.Glimpse> glimpse = source.between();
    if (glimpse.isEmpty()) {
      return Optional.empty();
    }
    slots.clear();
    copiers.forEach(copier -> copier.begin(false));
    lookAhead(glimpse.get());
    Changed changed = changed();
    return Optional.of(new Look(changed.pages(), changed.hashes(), slots.over(base), base));
  }

  /** The other end may have anything: the next cut names all pages again. */
  public void restart() {
    filled = false;
  }

  /** The other end has this cut for good: differences are taken from it from now on. */
  public void accept(Cut cut) {
    copiers.forEach(RegionCopier::accepted);
    int[] pages = cut.pages();
    if (slots.isEmpty()) {
      // A first cut is in the base already.
      return;
    }
    IntStream.range(0, pages.length)
        .parallel()
        .forEach(i -> base.write(pages[i], slots.segment(pages[i]), slots.offset(pages[i])));
    for (int i = 0; i < pages.length; i++) {
      hashes.set(pages[i], cut.hashes()[i]);
    }
    slots.clear();
  }

  private void lookAhead(StateSource.Glimpse glimpse) {
    int left = Integer.MAX_VALUE;
    for (int round = 0; round < (filled ? 1 : ROUNDS_AHEAD) && left > FEW_PAGES; round++) {
      left = 0;
      for (RegionCopier copier : copiers) {
        Optional<MemorySegment> live = glimpse.region(copier.region());
        // Looking twice without a tracker is no better than looking once.
        if (live.isPresent() && (round == 0 || copier.isTracked())) {
          left += copier.copyAhead(glimpse, live.get());
        }
      }
    }
  }

  private Held copy(StateSource.Hold hold) {
    boolean stable = hold.still();
    pass(hold);
    int passes = 1;
    while (!stable && passes < settings.passesMax()) {
      stable = pass(hold) == 0;
      passes++;
    }
    return new Held(
        hold.still() ? Consistency.QUIESCED : stable ? Consistency.STABLE : Consistency.PAGEWISE,
        passes,
        hold.requestLogPosition(),
        hold.health());
  }

  /** Looks at everything; returns how many pages were not as last seen. */
  private int pass(StateSource.Hold hold) {
    int moved = 0;
    for (RegionCopier copier : copiers) {
      moved += copier.copy(hold, hold.region(copier.region()), hold.still());
    }
    return moved;
  }

  /** The first cut fills the base itself: there is nothing yet that it could differ from. */
  private Cut everything(Held held, Instant start, Duration length) {
    long[] all = new long[layout.pages()];
    for (RegionCopier copier : copiers) {
      copier.hash(all);
    }
    hashes = PageHashes.of(all);
    filled = true;
    int[] pages = IntStream.range(0, layout.pages()).toArray();
    return cut(held, pages, all.clone(), true, start, length);
  }

  private Cut differences(Held held, Instant start, Duration length) {
    Changed changed = changed();
    return cut(held, changed.pages(), changed.hashes(), false, start, length);
  }

  /** What was copied and differs from the base; the rest is dropped. */
  private Changed changed() {
    int[] copied = slots.pages();
    copiedLastTime = copied.length;
    long[] found = new long[copied.length];
    IntStream indices = IntStream.range(0, copied.length);
    (settings.parallel() && copied.length >= FEW_PAGES / 4 ? indices.parallel() : indices)
        .forEach(i -> {
          if (isAsBefore(copied[i])) {
            slots.drop(copied[i]);
          } else {
            found[i] = PageHash.of(slots.segment(copied[i]), slots.offset(copied[i]));
          }
        });
    int[] pages = new int[copied.length];
    long[] changed = new long[copied.length];
    int count = 0;
    for (int i = 0; i < copied.length; i++) {
      if (slots.has(copied[i])) {
        pages[count] = copied[i];
        changed[count++] = found[i];
      }
    }
    return new Changed(Arrays.copyOf(pages, count), Arrays.copyOf(changed, count));
  }

  private boolean isAsBefore(int page) {
    long at = slots.offset(page);
    return MemorySegment.mismatch(
            slots.segment(page),
            at,
            at + PageSize.BYTES,
            base.segment(page),
            base.offset(page),
            base.offset(page) + PageSize.BYTES)
        < 0;
  }

  private Cut cut(
      Held held, int[] pages, long[] changed, boolean first, Instant start, Duration length) {
    return new Cut(
        pages,
        changed,
        first ? base : slots.over(base),
        base,
        hashes.rootWith(pages.length, pages, changed),
        start,
        held.consistency(),
        held.passes(),
        length,
        held.requestLogPosition(),
        held.health());
  }

  /** Pages that differ, and their hashes. */
  // Made for one use and handed over.
  @SuppressWarnings("ArrayRecordComponent")
  private record Changed(int[] pages, long[] hashes) {}

  /** What is known once the source was let go. */
  private record Held(
      Consistency consistency, int passes, long requestLogPosition, HealthSnapshot health) {}
}
