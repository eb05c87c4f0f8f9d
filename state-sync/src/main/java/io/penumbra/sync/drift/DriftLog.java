package io.penumbra.sync.drift;

import io.penumbra.sync.drift.DriftVerdict.Reason;
import io.penumbra.sync.epoch.PageHashes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * Follows how the state of a second instance differs from the first, epoch by epoch.
 *
 * <p>Both ends keep the hash of every page anyway, so an epoch costs a comparison of hashes for the
 * pages that either has written since the last one, and for a slice of all others in turn: a
 * difference that nobody wrote is found after at most {@code pages / scrubPages} epochs. Owned by
 * one thread.
 */
public final class DriftLog {

  private final DriftThresholds thresholds;
  private final int scrubPages;
  private final int entriesMax;

  /** Pages known to differ, and the epoch in which that was first seen. */
  private final TreeMap<Integer, Long> since = new TreeMap<>();

  private final BitSet differing = new BitSet();
  private final BitSet noise = new BitSet();

  /** Pages that became different without being written, until they agree again. */
  private final BitSet unwritten = new BitSet();

  private final Deque<DriftEntry> entries = new ArrayDeque<>();
  private long lastEpoch;
  private int compared;
  private int scrubAt;

  /**
   * A log that has compared nothing.
   *
   * @param scrubPages how many pages that nobody wrote are compared in each epoch
   * @param entriesMax how many entries are kept; the oldest go first
   */
  public DriftLog(DriftThresholds thresholds, int scrubPages, int entriesMax) {
    this.thresholds = thresholds;
    this.scrubPages = scrubPages;
    this.entriesMax = entriesMax;
  }

  /**
   * Compares both instances at the same epoch. The first comparison looks at every page.
   *
   * @param writtenByFirst pages that the first instance has changed since the last comparison
   * @param writtenBySecond the same of the second
   * @throws IllegalArgumentException if the states differ in size or the epoch is not later
   */
  public DriftVerdict compare(
      long epoch,
      PageHashes first,
      PageHashes second,
      BitSet writtenByFirst,
      BitSet writtenBySecond) {
    if (first.pages() != second.pages()) {
      throw new IllegalArgumentException(
          "the first instance has %d pages, the second %d; they are not of one VM"
              .formatted(first.pages(), second.pages()));
    }
    if (epoch <= lastEpoch) {
      throw new IllegalArgumentException(
          "epoch %d after epoch %d; compare in order".formatted(epoch, lastEpoch));
    }
    BitSet written = (BitSet) writtenByFirst.clone();
    written.or(writtenBySecond);
    BitSet before = (BitSet) differing.clone();
    BitSet looked = toLookAt(written, first.pages());
    for (int page = looked.nextSetBit(0); page >= 0; page = looked.nextSetBit(page + 1)) {
      note(epoch, page, first.get(page) != second.get(page), written.get(page));
    }
    append(epoch, before);
    lastEpoch = epoch;
    compared++;
    return verdict(epoch);
  }

  /** The pages that are known to differ now. */
  public BitSet differing() {
    return (BitSet) differing.clone();
  }

  /** The entries that are kept, oldest first. */
  public List<DriftEntry> entries() {
    return List.copyOf(entries);
  }

  /**
   * The pages that differed at an earlier epoch.
   *
   * @return empty if the log does not reach back so far
   */
  public Optional<BitSet> differingAt(long epoch) {
    if (entries.isEmpty() || epoch < entries.getFirst().epoch() || epoch > lastEpoch) {
      return Optional.empty();
    }
    BitSet then = differing();
    for (DriftEntry entry : (Iterable<DriftEntry>) entries::descendingIterator) {
      if (entry.epoch() <= epoch) {
        break;
      }
      then.andNot(entry.appeared());
      then.or(entry.healed());
    }
    return Optional.of(then);
  }

  private BitSet toLookAt(BitSet written, int pages) {
    BitSet looked = (BitSet) written.clone();
    if (compared == 0) {
      looked.set(0, pages);
      return looked;
    }
    int slice = Math.min(scrubPages, pages);
    int end = Math.min(pages, scrubAt + slice);
    looked.set(scrubAt, end);
    looked.set(0, slice - (end - scrubAt));
    scrubAt = pages == 0 ? 0 : (scrubAt + slice) % pages;
    return looked;
  }

  private void note(long epoch, int page, boolean differs, boolean written) {
    if (!differs) {
      differing.clear(page);
      unwritten.clear(page);
      since.remove(page);
      return;
    }
    if (!differing.get(page)) {
      differing.set(page);
      since.put(page, epoch);
      if (!written && compared > 0) {
        unwritten.set(page);
      }
    }
    if (compared < thresholds.calibrationEpochs()) {
      noise.set(page);
    }
  }

  private void append(long epoch, BitSet before) {
    BitSet appeared = (BitSet) differing.clone();
    appeared.andNot(before);
    BitSet healed = before;
    healed.andNot(differing);
    entries.add(new DriftEntry(epoch, appeared, healed));
    if (entries.size() > entriesMax) {
      entries.remove();
    }
  }

  private DriftVerdict verdict(long epoch) {
    if (differing.isEmpty()) {
      return new DriftVerdict.Clean(epoch);
    }
    if (!unwritten.isEmpty()) {
      return drift(epoch, Reason.CHANGED_UNWRITTEN, unwritten::get);
    }
    if (compared < thresholds.calibrationEpochs()) {
      return new DriftVerdict.Calibrating(
          epoch, differing.cardinality(), thresholds.calibrationEpochs() - compared);
    }
    BitSet passing = (BitSet) differing.clone();
    passing.andNot(noise);
    IntPredicate persistent =
        page ->
            passing.get(page)
                && since.getOrDefault(page, epoch) <= epoch - thresholds.persistEpochs();
    if (passing.stream().anyMatch(persistent)) {
      return drift(epoch, Reason.PERSISTENT, persistent);
    }
    if (passing.cardinality() > thresholds.pagesMax()) {
      return drift(epoch, Reason.TOO_MANY, passing::get);
    }
    return new DriftVerdict.ExpectedNoise(
        epoch, differing.cardinality() - passing.cardinality(), passing.cardinality());
  }

  private DriftVerdict drift(long epoch, Reason reason, IntPredicate concerned) {
    List<Integer> pages = new ArrayList<>();
    List<Long> epochs = new ArrayList<>();
    int count = 0;
    for (var entry : since.entrySet()) {
      if (concerned.test(entry.getKey())) {
        count++;
        epochs.add(entry.getValue());
        if (pages.size() < DriftVerdict.NAMED_MAX) {
          pages.add(entry.getKey());
        }
      }
    }
    return new DriftVerdict.Drift(epoch, Collections.min(epochs), reason, pages, count);
  }
}
