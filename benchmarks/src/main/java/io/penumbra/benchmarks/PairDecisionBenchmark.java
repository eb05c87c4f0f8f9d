package io.penumbra.benchmarks;

import com.sun.management.ThreadMXBean;
import io.penumbra.domain.placement.PlacementRequest;
import io.penumbra.placement.PlacementDecision;
import io.penumbra.placement.PlacementSettings;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * How long one pair decision takes on a loaded fleet that keeps moving, and what it allocates.
 *
 * <p>It measures the decision alone, the index's catching up with what changed since the decision
 * before included; between two of them the fleet is changed: the decision is claimed and applied,
 * and another VM released.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 5)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx5g", "-XX:+UseSerialGC"})
@State(Scope.Thread)
public class PairDecisionBenchmark {

  private static final int SAMPLES = 10_000;
  private static final int REFUSALS = 200;

  @Param({"1000", "10000", "100000"})
  private int hosts;

  @Param("1")
  private long seed;

  /** Spread prefers hosts with room, stack full ones, which is the harder case for the bounds. */
  @Param("spread")
  private String weighing = "";

  private Moving moving = new Moving();

  /** What changes from call to call; it exists once the trial is set up. */
  private static final class Moving {
    MovingFleet fleet = new MovingFleet(1, 0, PlacementSettings.defaults());
    PlacementRequest request = fleet.nextRequest();
    PlacementDecision decision = fleet.placer().decide(request);
  }

  /** Fills the fleet. */
  @Setup(Level.Trial)
  public void fill() {
    PlacementSettings settings = PlacementSettings.defaults();
    if (weighing.equals("stack")) {
      settings = settings.with("free-memory", -1, -1).with("free-cpu", -1, -0.5);
    }
    moving.fleet = new MovingFleet(hosts, seed, settings);
    moving.request = moving.fleet.nextRequest();
    moving.decision = moving.fleet.placer().decide(moving.request);
  }

  /** Applies the last decision, so that the next one is about another fleet. */
  @Setup(Level.Invocation)
  public void move() {
    moving.fleet.goOn(moving.request, moving.decision);
    moving.request = moving.fleet.nextRequest();
  }

  /** One decision. */
  @Benchmark
  public PlacementDecision decide() {
    moving.decision = moving.fleet.placer().decide(moving.request);
    return moving.decision;
  }

  /**
   * Measures what a decision alone allocates, which the profiler cannot tell from the rest, and its
   * processor time, which other programs on the machine do not lengthen.
   */
  @TearDown(Level.Trial)
  public void allocationAndProcessorTime() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] bytes = new long[SAMPLES];
    long[] nanos = new long[SAMPLES];
    long checked = 0;
    for (int i = 0; i < SAMPLES; i++) {
      move();
      long before = threads.getCurrentThreadAllocatedBytes();
      long began = threads.getCurrentThreadCpuTime();
      decide();
      nanos[i] = threads.getCurrentThreadCpuTime() - began;
      bytes[i] = threads.getCurrentThreadAllocatedBytes() - before;
      checked += moving.fleet.placer().lastEffort().hostsChecked();
    }
    Arrays.sort(bytes);
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%n%,d hosts, %,d VMs, %,d shadows: a decision takes %.1f us of processor time (p50),"
            + " %.1f (p99); allocates %,d bytes (p50), %,d (p99); checks %.1f hosts; %,d of %,d"
            + " requests refused%n",
        moving.fleet.fleet().hostCount(),
        moving.fleet.fleet().vmCount(),
        moving.fleet.fleet().shadowCount(),
        nanos[SAMPLES / 2] / 1e3,
        nanos[SAMPLES * 99 / 100] / 1e3,
        bytes[SAMPLES / 2],
        bytes[SAMPLES * 99 / 100],
        (double) checked / SAMPLES,
        moving.fleet.refused(),
        moving.fleet.decided());
    refusals(threads);
  }

  /** What it costs to say no: first on a fleet that has just moved, then while it stands still. */
  private void refusals(ThreadMXBean threads) {
    long[] first = new long[REFUSALS];
    long[] again = new long[REFUSALS];
    for (int i = 0; i < REFUSALS; i++) {
      move();
      decide();
      move();
      PlacementRequest impossible = moving.fleet.impossibleRequest();
      first[i] = refusal(threads, impossible);
      again[i] = refusal(threads, impossible);
    }
    Arrays.sort(first);
    Arrays.sort(again);
    System.out.printf(
        Locale.ROOT,
        "an impossible request takes %.1f us (p50), %.1f (p99); asked again before the fleet moves"
            + " %.1f (p50), %.1f (p99)%n",
        first[REFUSALS / 2] / 1e3,
        first[REFUSALS * 99 / 100] / 1e3,
        again[REFUSALS / 2] / 1e3,
        again[REFUSALS * 99 / 100] / 1e3);
  }

  private long refusal(ThreadMXBean threads, PlacementRequest impossible) {
    long began = threads.getCurrentThreadCpuTime();
    PlacementDecision decision = moving.fleet.placer().decide(impossible);
    long took = threads.getCurrentThreadCpuTime() - began;
    if (!(decision.answer() instanceof PlacementDecision.Refused)) {
      throw new IllegalStateException("placed: " + decision);
    }
    return took;
  }

  /**
   * Runs it.
   *
   * @param args numbers of hosts, by default 1000 10000 100000; {@code stack} weighs the other way
   */
  public static void main(String[] args) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(PairDecisionBenchmark.class.getSimpleName())
            .addProfiler(GCProfiler.class);
    String[] counts = Arrays.stream(args).filter(a -> !a.equals("stack")).toArray(String[]::new);
    if (counts.length > 0) {
      options.param("hosts", counts);
    }
    if (Arrays.asList(args).contains("stack")) {
      options.param("weighing", "stack");
    }
    new Runner(options.build()).run();
  }
}
