package io.penumbra.benchmarks;

import io.penumbra.sync.path.BestNow;
import io.penumbra.sync.path.CodeChoice;
import io.penumbra.sync.path.EarliestArrival;
import io.penumbra.sync.path.LevelFilter;
import io.penumbra.sync.path.RoundRobin;
import io.penumbra.sync.path.ShardPlacement;
import io.penumbra.sync.path.replay.PathReplay;
import io.penumbra.sync.path.replay.PathReplay.Load;
import io.penumbra.sync.path.replay.PathReplay.ReplayResult;
import io.penumbra.sync.path.replay.PathTrace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Ways to place shards on paths, side by side over the same traces in virtual time, and ways to
 * forecast bandwidth by the error of their next guess. The same seed gives the same table.
 */
final class PathSchedulers {

  private static final long MILLISECOND = 1_000_000;
  private static final long SECOND = 1_000_000_000;
  private static final double QUANTILE = 0.99;

  private PathSchedulers() {}

  public static void main(String[] args) throws IOException {
    Map<String, List<PathTrace>> worlds = synthetic();
    Path recorded = Path.of(args.length == 0 ? "benchmarks/traces" : args[0]);
    if (Files.isDirectory(recorded)) {
      worlds.putAll(recorded(recorded));
    }
    for (Map.Entry<String, List<PathTrace>> world : worlds.entrySet()) {
      compare(world.getKey(), world.getValue());
    }
    System.out.println();
    System.out.println("Error of the next guess of bandwidth, mean of |log2(guess / seen)|");
    System.out.printf(
        "%-22s %10s %10s %10s %10s%n", "trace", "last value", "EWMA 1/8", "Holt", "Kalman");
    worlds.values().stream().flatMap(List::stream).forEach(PathSchedulers::forecastErrors);
  }

  private static Map<String, List<PathTrace>> synthetic() {
    Map<String, List<PathTrace>> worlds = new LinkedHashMap<>();
    worlds.put(
        "steady, 40/20/10 MB/s",
        List.of(
            PathTrace.steady("40 MB/s", 40e6, 3 * MILLISECOND),
            PathTrace.steady("20 MB/s", 20e6, 8 * MILLISECOND),
            PathTrace.steady("10 MB/s", 10e6, 2 * MILLISECOND)));
    worlds.put("wandering, no outages", wandering(0, 11));
    worlds.put("wandering, an outage a minute", wandering(1, 12));
    worlds.put("wandering, ten a minute", wandering(10, 13));
    SplittableRandom random = new SplittableRandom(14);
    worlds.put(
        "two alike, an outage a minute",
        List.of(
            PathTrace.wandering("left", 20e6, 5 * MILLISECOND, 1, 120, random.split()),
            PathTrace.wandering("right", 20e6, 5 * MILLISECOND, 1, 120, random.split())));
    return worlds;
  }

  private static List<PathTrace> wandering(double outagesPerMinute, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return List.of(
        PathTrace.wandering(
            "40 MB/s", 40e6, 3 * MILLISECOND, outagesPerMinute, 120, random.split()),
        PathTrace.wandering(
            "20 MB/s", 20e6, 8 * MILLISECOND, outagesPerMinute, 120, random.split()),
        PathTrace.wandering(
            "10 MB/s", 10e6, 2 * MILLISECOND, outagesPerMinute, 120, random.split()));
  }

  /** Files named world-path.csv, made by {@code benchmarks/run record}. */
  private static Map<String, List<PathTrace>> recorded(Path directory) throws IOException {
    Map<String, List<PathTrace>> worlds = new LinkedHashMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      files
          .filter(file -> file.toString().endsWith(".csv"))
          .sorted()
          .forEach(file -> {
            String name = file.getFileName().toString().replace(".csv", "");
            String world = "recorded, " + name.substring(0, name.lastIndexOf('-'));
            worlds.computeIfAbsent(world, key -> new ArrayList<>()).add(read(name, file));
          });
    }
    return worlds;
  }

  private static PathTrace read(String name, Path file) {
    try {
      return PathTrace.parse(name, Files.readAllLines(file));
    } catch (IOException failed) {
      throw new UncheckedIOException("could not read " + file, failed);
    }
  }

  private static void compare(String world, List<PathTrace> paths) {
    for (int part : new int[] {10, 3}) {
      compare(world, paths, part);
    }
  }

  private static void compare(String world, List<PathTrace> paths, int part) {
    System.out.printf(
        "%n%s%n%-34s %9s %9s %9s %9s %7s %7s%n",
        world, "", "p50 ms", "p99 ms", "p99.9 ms", "worst ms", "bytes", "again");
    int groupBytes = groupBytes(paths, part);
    Load load = new Load(1000, groupBytes, 100 * MILLISECOND, 0, 300 * SECOND);
    System.out.printf(
        "  %d groups of %d KiB, one each 100 ms: 1/%d of what the paths carry%n",
        load.groups(), groupBytes >> 10, part);
    CodeChoice coded = CodeChoice.standard();
    CodeChoice bare = new CodeChoice(0, 4);
    row("forecast", paths, load, coded, EarliestArrival::new);
    row("best now", paths, load, coded, BestNow::new);
    row("round robin", paths, load, coded, RoundRobin::new);
    row("forecast, no parity", paths, load, bare, EarliestArrival::new);
    row("round robin, no parity", paths, load, bare, RoundRobin::new);
    row("best now, no parity (one path)", paths, load, bare, BestNow::new);
  }

  /** A part of what the paths carry together in the time until the next group. */
  private static int groupBytes(List<PathTrace> paths, int part) {
    double sum = 0;
    for (PathTrace path : paths) {
      sum += path.steps().stream().mapToDouble(PathTrace.Step::bytesPerSecond).average().orElse(0);
    }
    return (int) (sum * 0.1 / part);
  }

  private static void row(
      String name,
      List<PathTrace> paths,
      Load load,
      CodeChoice choice,
      Supplier<ShardPlacement> placement) {
    ReplayResult result =
        PathReplay.run(paths, load, choice, placement.get(), new SplittableRandom(1));
    System.out.printf(
        "  %-32s %9.1f %9.1f %9.1f %9.1f %6.2fx %7d%s%n",
        name,
        result.millis(0.5),
        result.millis(QUANTILE),
        result.millis(0.999),
        result.millis(1),
        result.overhead(),
        result.state().shardsResent(),
        result.missing() == 0 ? "" : "  " + result.missing() + " never arrived");
  }

  private static void forecastErrors(PathTrace trace) {
    List<PathTrace.Step> seen = trace.steps().stream().filter(PathTrace.Step::up).toList();
    if (seen.size() < 100) {
      return;
    }
    SplittableRandom noise = new SplittableRandom(7);
    double first = seen.getFirst().bytesPerSecond();
    LevelFilter kalman = new LevelFilter(first, 1, 0.2, 0.35, 0);
    double last = first;
    double smooth = Math.log(first);
    double level = Math.log(first);
    double trend = 0;
    double[] errors = new double[4];
    for (int i = 1; i < seen.size(); i++) {
      double truth = Math.log(seen.get(i).bytesPerSecond());
      errors[0] += Math.abs(Math.log(last) - truth);
      errors[1] += Math.abs(smooth - truth);
      errors[2] += Math.abs(level + trend - truth);
      errors[3] += Math.abs(Math.log(kalman.rate()) - truth);
      // What acks show scatters around what the path carries.
      double observed = truth + 0.2 * noise.nextGaussian();
      last = Math.exp(observed);
      smooth += (observed - smooth) / 8;
      double before = level;
      level = 0.25 * observed + 0.75 * (level + trend);
      trend = 0.1 * (level - before) + 0.9 * trend;
      kalman.observe(Math.exp(observed), 3, i * trace.stepNanos());
    }
    System.out.printf(
        "%-22s %10.3f %10.3f %10.3f %10.3f%n",
        trace.name(),
        bits(errors[0], seen),
        bits(errors[1], seen),
        bits(errors[2], seen),
        bits(errors[3], seen));
  }

  private static double bits(double sum, List<PathTrace.Step> seen) {
    return sum / (seen.size() - 1) / Math.log(2);
  }
}
