package io.penumbra.benchmarks;

import io.penumbra.sync.predict.NextDirtyPredictor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * How well the pages that change next are foreseen: precision (of those named, how many change) and
 * recall (of those that change, how many were named), beside naming what changed last. On
 * recordings by name, in steps of a quarter of a second, and on a block trace (a CSV file, packed
 * by gzip, of version, time, operation, bytes, 512-byte sector), in steps of 500 requests.
 */
public final class NextDirty {

  private static final int REQUESTS = 500;

  private NextDirty() {}

  /** Runs it on recordings, or on traces by the name of the file. */
  public static void main(String... arguments) throws IOException {
    for (String name : arguments) {
      List<int[]> intervals = name.endsWith(".gz") ? trace(Path.of(name)) : recorded(name);
      int pages = 1;
      for (int[] interval : intervals) {
        for (int page : interval) {
          pages = Math.max(pages, page + 1);
        }
      }
      System.out.printf("%s: %d intervals%n", name, intervals.size());
      for (double likelyAbove : new double[] {0.2, 0.5, 0.8}) {
        score(intervals, pages, likelyAbove);
      }
      lastAgain(intervals);
    }
  }

  private static void score(List<int[]> intervals, int pages, double likelyAbove) {
    NextDirtyPredictor predictor = new NextDirtyPredictor(pages, likelyAbove);
    long named = 0;
    long right = 0;
    long changed = 0;
    for (int[] interval : intervals) {
      for (int page = 0; page < pages; page++) {
        named += predictor.isLikely(page) ? 1 : 0;
      }
      for (int page : interval) {
        right += predictor.isLikely(page) ? 1 : 0;
      }
      changed += interval.length;
      predictor.observed(interval);
    }
    print("likely above %.1f".formatted(likelyAbove), named, right, changed);
  }

  private static void lastAgain(List<int[]> intervals) {
    BitSet last = new BitSet();
    long named = 0;
    long right = 0;
    long changed = 0;
    for (int[] interval : intervals) {
      named += last.cardinality();
      BitSet now = new BitSet();
      for (int page : interval) {
        right += last.get(page) ? 1 : 0;
        now.set(page);
      }
      changed += interval.length;
      last = now;
    }
    print("what changed last", named, right, changed);
  }

  private static void print(String who, long named, long right, long changed) {
    System.out.printf(
        "  %-18s precision %3.0f %%, recall %3.0f %%%n",
        who,
        100.0 * (double) right / (double) Math.max(1, named),
        100.0 * (double) right / (double) Math.max(1, changed));
  }

  private static List<int[]> recorded(String name) throws IOException {
    List<int[]> intervals = new ArrayList<>();
    try (Recording recording = Recording.open(name)) {
      while (recording.nextEpoch().length > 0) {
        for (int cut = 0; cut < Recording.CUTS_PER_EPOCH; cut++) {
          intervals.add(recording.changedInCut(cut));
        }
      }
    }
    return intervals;
  }

  static List<int[]> trace(Path file) throws IOException {
    Map<Long, Integer> numbers = new HashMap<>();
    List<int[]> intervals = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.US_ASCII))) {
      BitSet written = new BitSet();
      int requests = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] columns = line.split(",", -1);
        if (!columns[2].equals("2a")) {
          continue;
        }
        long first = Long.parseLong(columns[4]) / 8;
        long end = (Long.parseLong(columns[4]) * 512 + Long.parseLong(columns[3]) + 4095) / 4096;
        for (long block = first; block < end; block++) {
          numbers.putIfAbsent(block, numbers.size());
          written.set(numbers.getOrDefault(block, 0));
        }
        requests++;
        if (requests % REQUESTS == 0) {
          intervals.add(written.stream().toArray());
          written = new BitSet();
        }
      }
    }
    return intervals;
  }
}
