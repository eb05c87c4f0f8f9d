package io.penumbra.benchmarks;

import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Locale;

/**
 * How long a guest's memory is held for a cut with 1,000 changed pages, and how long the cut takes
 * in all: with a tracker, with one and pages copied ahead of the hold, and by comparing. The copy
 * of the last cut lies in /dev/shm.
 *
 * <pre>
 * benchmarks/run cut [MIB...]
 * </pre>
 */
public final class CutTimes {

  private static final int PAGES = 1000;
  private static final int WARM_UP = 60;
  private static final int CUTS = 200;

  private CutTimes() {}

  /** Runs it for some sizes of memory. */
  public static void main(String... arguments) throws Exception {
    String[] sizes = arguments.length > 0 ? arguments : new String[] {"256", "1024", "4096"};
    for (String size : sizes) {
      long bytes = Long.parseLong(size) << 20;
      measure(bytes, true, false);
      measure(bytes, true, true);
      measure(bytes, false, false);
    }
  }

  private static void measure(long bytes, boolean tracks, boolean ahead) throws Exception {
    try (TrackedMemory memory = new TrackedMemory(bytes, tracks, ahead);
        ScratchFile scratch = ScratchFile.in(Path.of("/dev/shm"))) {
      CutTaker taker =
          new CutTaker(
              memory,
              scratch.pages(memory.layout()),
              scratch,
              CutSettings.DEFAULT,
              InstantSource.system());
      taker.accept(taker.take());
      int cuts = tracks ? CUTS : 40;
      long[] held = new long[cuts];
      long[] taken = new long[cuts];
      for (int i = -WARM_UP; i < cuts; i++) {
        memory.write(PAGES);
        long start = System.nanoTime();
        Cut cut = taker.take();
        long end = System.nanoTime();
        taker.accept(cut);
        if (i >= 0) {
          held[i] = cut.held().toNanos();
          taken[i] = end - start;
        }
      }
      Arrays.sort(held);
      Arrays.sort(taken);
      System.out.printf(
          Locale.ROOT,
          "%,5d MiB, %-22s %,d pages: held p50 %6.2f ms, p99 %6.2f; cut p50 %6.2f ms, p99 %6.2f%n",
          bytes >> 20,
          !tracks ? "compared," : ahead ? "tracked, copied ahead," : "tracked,",
          PAGES,
          held[cuts / 2] / 1e6,
          held[cuts * 99 / 100] / 1e6,
          taken[cuts / 2] / 1e6,
          taken[cuts * 99 / 100] / 1e6);
    }
  }
}
