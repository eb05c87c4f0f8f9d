package io.penumbra.benchmarks;

import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.scan.PageScanner;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How fast changed pages are found, beside what the memory gives: libc's {@code memcmp} over the
 * same two areas, copying, and reading alone. One thread; the areas are far larger than any cache.
 * Rounds are interleaved, so that a noisy neighbour hits all alike; the best of each counts.
 * Figures are GB/s of memory <i>touched</i>: comparing 1 GiB with its copy reads 2 GiB.
 */
public final class ScanThroughput {

  private static final long BYTES = 1L << 30;
  private static final int ROUNDS = 8;

  // Java asks for a confirmation that native code is meant to be called; it is.
  @SuppressWarnings("restricted")
  private static final MethodHandle MEMCMP =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("memcmp").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG));

  private final MemorySegment live;
  private final MemorySegment copy;
  private long sink;

  private ScanThroughput(Arena arena) {
    live = arena.allocate(BYTES, PageSize.BYTES);
    copy = arena.allocate(BYTES, PageSize.BYTES);
    SplittableRandom random = new SplittableRandom(1);
    for (long at = 0; at < BYTES; at += Long.BYTES) {
      live.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
    copy.copyFrom(live);
  }

  /** Measures and prints one line for each way. */
  public static void main(String... arguments) {
    try (Arena arena = Arena.ofShared()) {
      new ScanThroughput(arena).run();
    }
  }

  private void run() {
    double[] best = new double[7];
    for (int round = 0; round < ROUNDS; round++) {
      keep(best, 0, this::read, BYTES);
      keep(best, 1, this::memcmp, 2 * BYTES);
      keep(best, 2, () -> copy.copyFrom(live), 2 * BYTES);
      keep(best, 3, () -> scan(0), 2 * BYTES);
      dirty(100);
      keep(best, 4, () -> scan(BYTES / PageSize.BYTES / 100), 2 * BYTES);
      copy.copyFrom(live);
      dirty(10);
      keep(best, 5, () -> scan(BYTES / PageSize.BYTES / 10), 2 * BYTES);
      copy.copyFrom(live);
      keep(best, 6, this::hash, BYTES);
    }
    String[] names = {
      "read alone (sum of longs)",
      "memcmp of libc",
      "copy",
      "scan, nothing changed",
      "scan, 1 % of pages changed",
      "scan, 10 % of pages changed",
      "XXH3-64 of every page"
    };
    double reference = best[1];
    for (int i = 0; i < names.length; i++) {
      System.out.printf(
          Locale.ROOT,
          "%-28s %6.1f GB/s, %3.0f %% of memcmp%n",
          names[i],
          best[i],
          100 * best[i] / reference);
    }
    if (sink == 42) {
      System.out.println("(never printed: keeps the results alive)");
    }
  }

  private static void keep(double[] best, int which, Runnable work, long bytes) {
    long start = System.nanoTime();
    work.run();
    best[which] = Math.max(best[which], (double) bytes / (System.nanoTime() - start));
  }

  private void read() {
    long a = 0;
    long b = 0;
    long c = 0;
    long d = 0;
    for (long at = 0; at < BYTES; at += 4 * Long.BYTES) {
      a += live.get(ValueLayout.JAVA_LONG, at);
      b += live.get(ValueLayout.JAVA_LONG, at + 8);
      c += live.get(ValueLayout.JAVA_LONG, at + 16);
      d += live.get(ValueLayout.JAVA_LONG, at + 24);
    }
    sink += a + b + c + d;
  }

  private void memcmp() {
    try {
      sink += (int) MEMCMP.invokeExact(live, copy, BYTES);
    } catch (Throwable e) {
      throw new IllegalStateException("memcmp failed", e);
    }
  }

  private void scan(long expected) {
    AtomicInteger changed = new AtomicInteger();
    PageScanner.compare(live, copy, false, _ -> changed.incrementAndGet());
    if (changed.get() != expected) {
      throw new IllegalStateException(
          "found %d changed pages; expected %d".formatted(changed.get(), expected));
    }
  }

  /** Changes one byte in every so-manieth page of the copy. */
  private void dirty(int every) {
    int pages = (int) (BYTES / PageSize.BYTES);
    for (int page = 0; page < pages / every; page++) {
      long at = (long) page * every * PageSize.BYTES + (page % PageSize.BYTES);
      copy.set(ValueLayout.JAVA_BYTE, at, (byte) (copy.get(ValueLayout.JAVA_BYTE, at) + 1));
    }
  }

  private void hash() {
    for (long at = 0; at < BYTES; at += PageSize.BYTES) {
      sink += PageHash.of(live, at);
    }
  }
}
