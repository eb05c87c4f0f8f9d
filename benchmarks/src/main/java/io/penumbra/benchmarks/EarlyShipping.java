package io.penumbra.benchmarks;

import io.penumbra.sync.encode.Coding;
import io.penumbra.sync.encode.EncodedBlock;
import io.penumbra.sync.encode.PageEncoder;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.predict.NextDirtyPredictor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * What it brings to ship some of the pages that have changed a quarter of an epoch ahead of the
 * cut: how many pages and bytes are left for the cut, how many pages are sent twice, and what all
 * bytes come to. On recordings by name, in bytes of the runs coding; on block traces (see {@link
 * NextDirty}), in pages alone.
 */
public final class EarlyShipping {

  private static final int CUTS = Recording.CUTS_PER_EPOCH;

  /** Which of the pages that have changed since the last cut go ahead. */
  private interface Rule {

    boolean goesAhead(int page, BitSet[] changedInCut, NextDirtyPredictor predictor);
  }

  private final String name;
  private final Rule rule;
  private final double likelyAbove;
  private long pagesAtCut;
  private long pagesEarly;
  private long pagesTwice;
  private long bytesAtCut;
  private long bytesEarly;
  private long bytesWithout;
  private long pagesWithout;

  private EarlyShipping(String name, double likelyAbove, Rule rule) {
    this.name = name;
    this.likelyAbove = likelyAbove;
    this.rule = rule;
  }

  private static List<EarlyShipping> rules() {
    return List.of(
        new EarlyShipping("all", 0.5, (_, _, _) -> true),
        new EarlyShipping(
            "quiet in the last quarter", 0.5, (page, cuts, _) -> !cuts[CUTS - 2].get(page)),
        new EarlyShipping(
            "quiet in the last half",
            0.5,
            (page, cuts, _) -> !cuts[CUTS - 2].get(page) && !cuts[CUTS - 3].get(page)),
        new EarlyShipping(
            "heat below one half", 0.5, (page, _, predictor) -> !predictor.isLikely(page)),
        new EarlyShipping(
            "heat below one quarter", 0.25, (page, _, predictor) -> !predictor.isLikely(page)));
  }

  /** Runs it on recordings and traces. */
  public static void main(String... arguments) throws IOException {
    for (String name : arguments) {
      System.out.printf(
          "%s%n  %-28s %12s %12s %12s %12s%n",
          name, "", "pages at cut", "bytes at cut", "sent twice", "all bytes");
      for (EarlyShipping run : rules()) {
        if (name.endsWith(".gz")) {
          run.onTrace(NextDirty.trace(Path.of(name)));
        } else {
          run.onRecording(name);
        }
        run.print();
      }
    }
  }

  private void onTrace(List<int[]> intervals) {
    int pages = 1 + intervals.stream().flatMapToInt(Arrays::stream).max().orElse(0);
    NextDirtyPredictor predictor = new NextDirtyPredictor(pages, likelyAbove);
    for (int at = 0; at + CUTS <= intervals.size(); at += CUTS) {
      BitSet[] cuts = new BitSet[CUTS];
      for (int cut = 0; cut < CUTS; cut++) {
        cuts[cut] = set(intervals.get(at + cut));
      }
      for (int cut = 0; cut < CUTS - 1; cut++) {
        predictor.observed(intervals.get(at + cut));
      }
      count(cuts, early(cuts, predictor));
      predictor.observed(intervals.get(at + CUTS - 1));
    }
  }

  private void onRecording(String name) throws IOException {
    try (Recording recording = Recording.open(name);
        Arena arena = Arena.ofConfined();
        PageEncoder encoder = new PageEncoder(new Prices(1, 1))) {
      MemorySegment there = copy(recording.nowBytes(), arena);
      MemorySegment before = copy(recording.nowBytes(), arena);
      NextDirtyPredictor predictor = new NextDirtyPredictor(recording.pages(), likelyAbove);
      BitSet[] cuts = new BitSet[CUTS];
      int cut = 0;
      BitSet early = new BitSet();
      while (recording.nextCut(cut)) {
        cuts[cut] = set(recording.changedInCut(cut));
        predictor.observed(recording.changedInCut(cut));
        if (cut == CUTS - 2) {
          early = early(cuts, predictor);
          bytesEarly += send(recording, encoder, there, early);
        } else if (cut == CUTS - 1) {
          BitSet all = count(cuts, early);
          bytesAtCut += send(recording, encoder, there, all);
          bytesWithout += send(recording, encoder, before, all);
        }
        cut = (cut + 1) % CUTS;
      }
    }
  }

  private BitSet early(BitSet[] cuts, NextDirtyPredictor predictor) {
    BitSet early = new BitSet();
    for (int cut = 0; cut < CUTS - 1; cut++) {
      early.or(cuts[cut]);
    }
    BitSet held = new BitSet();
    early.stream().filter(page -> !rule.goesAhead(page, cuts, predictor)).forEach(held::set);
    early.andNot(held);
    return early;
  }

  /** Counts pages, and returns all that have changed since the last cut. */
  private BitSet count(BitSet[] cuts, BitSet early) {
    BitSet all = new BitSet();
    for (BitSet cut : cuts) {
      all.or(cut);
    }
    BitSet twice = (BitSet) early.clone();
    twice.and(cuts[CUTS - 1]);
    pagesWithout += all.cardinality();
    pagesEarly += early.cardinality();
    pagesTwice += twice.cardinality();
    pagesAtCut += all.cardinality() - early.cardinality() + twice.cardinality();
    return all;
  }

  /** Brings those pages of an image that differ to what they are now; returns the bytes. */
  private static long send(
      Recording recording, PageEncoder encoder, MemorySegment image, BitSet pages) {
    int[] differing =
        pages.stream()
            .filter(page -> page(image, page).mismatch(page(recording.nowBytes(), page)) >= 0)
            .toArray();
    long bytes = 0;
    for (EncodedBlock block :
        encoder.encode(Recording.view(image), recording.now(), differing, Coding.RUNS)) {
      bytes += block.bytes().length;
    }
    for (int page : differing) {
      page(image, page).copyFrom(page(recording.nowBytes(), page));
    }
    return bytes;
  }

  private static MemorySegment page(MemorySegment image, int page) {
    return image.asSlice((long) page * Recording.PAGE, Recording.PAGE);
  }

  private static MemorySegment copy(MemorySegment image, Arena arena) {
    return arena.allocate(image.byteSize(), 64).copyFrom(image);
  }

  private static BitSet set(int[] pages) {
    BitSet set = new BitSet();
    for (int page : pages) {
      set.set(page);
    }
    return set;
  }

  private void print() {
    System.out.printf(
        "  %-28s %12s %12s %12s %12s%n",
        name,
        percent(pagesAtCut, pagesWithout),
        percent(bytesAtCut, bytesWithout),
        percent(pagesTwice, pagesEarly),
        percent(bytesEarly + bytesAtCut, bytesWithout));
  }

  private static String percent(long part, long whole) {
    return whole == 0 ? "" : "%.0f %%".formatted(100.0 * (double) part / (double) whole);
  }
}
