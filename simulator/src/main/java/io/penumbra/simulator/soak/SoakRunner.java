package io.penumbra.simulator.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Runs many seeds, several at once. Each is a world of its own on one thread. */
public final class SoakRunner {

  private final int threads;

  /** A runner on so many threads. */
  public SoakRunner(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is %d; expected 1 or more".formatted(threads));
    }
    this.threads = threads;
  }

  /** Is told after every seed, from the thread that ran it. */
  @FunctionalInterface
  public interface Progress {

    /**
     * One more seed is done.
     *
     * @param done how many are done, this one included
     * @param result of this one
     * @return whether to go on
     */
    boolean seedDone(long done, SoakResult result);
  }

  /**
   * What many seeds gave.
   *
   * @param failures every seed that did not end well, by seed
   */
  public record Summary(long seeds, long promotions, List<SoakResult> failures) {
    public Summary {
      failures = List.copyOf(failures);
    }

    /** 0 when all is well, else the exit code of the worst: a safety breach before liveness. */
    public int exitCode() {
      return failures.stream()
          .map(SoakResult::verdict)
          .min((a, b) -> Integer.compare(a.exitCode(), b.exitCode()))
          .map(SoakVerdict::exitCode)
          .orElse(0);
    }
  }

  /** Runs seeds {@code first}, {@code first + 1}, and so on. */
  public Summary run(long first, long count, SoakRun.Options options, Progress progress)
      throws InterruptedException {
    AtomicLong next = new AtomicLong();
    AtomicLong done = new AtomicLong();
    AtomicBoolean stop = new AtomicBoolean();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<Tally>> tallies = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        tallies.add(pool.submit(() -> work(first, count, options, progress, next, done, stop)));
      }
      pool.shutdown();
      while (!pool.awaitTermination(1, TimeUnit.HOURS)) {
        stop.compareAndSet(Thread.currentThread().isInterrupted(), true);
      }
      return sum(tallies);
    }
  }

  private static final class Tally {
    private long seeds;
    private long promotions;
    private final List<SoakResult> failures = new ArrayList<>();
  }

  private static Tally work(
      long first,
      long count,
      SoakRun.Options options,
      Progress progress,
      AtomicLong next,
      AtomicLong done,
      AtomicBoolean stop) {
    Tally tally = new Tally();
    while (!stop.get()) {
      long i = next.getAndIncrement();
      if (i >= count) {
        break;
      }
      SoakResult result = SoakRun.run(first + i, options);
      tally.seeds++;
      tally.promotions += result.promotions();
      if (result.verdict() != SoakVerdict.OK) {
        tally.failures.add(result);
      }
      if (!progress.seedDone(done.incrementAndGet(), result)) {
        stop.set(true);
      }
    }
    return tally;
  }

  private static Summary sum(List<Future<Tally>> tallies) throws InterruptedException {
    long seeds = 0;
    long promotions = 0;
    List<SoakResult> failures = new ArrayList<>();
    Optional<Throwable> broken = Optional.empty();
    for (Future<Tally> future : tallies) {
      try {
        Tally tally = future.get();
        seeds += tally.seeds;
        promotions += tally.promotions;
        failures.addAll(tally.failures);
      } catch (ExecutionException e) {
        broken = Optional.of(e.getCause() == null ? e : e.getCause());
      }
    }
    if (broken.isPresent()) {
      throw new IllegalStateException("the simulator itself broke", broken.get());
    }
    failures.sort((a, b) -> Long.compare(a.seed(), b.seed()));
    return new Summary(seeds, promotions, failures);
  }
}
