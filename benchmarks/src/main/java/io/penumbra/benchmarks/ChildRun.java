package io.penumbra.benchmarks;

import io.penumbra.benchmarks.SharedScenario.Load;
import io.penumbra.simulator.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** One measured run in a JVM of its own: arguments in, one line of figures out. */
final class ChildRun {

  private static final double GIB = 1024 * 1024;

  private ChildRun() {}

  /**
   * Runs and prints {@code RESULT wall seconds|CPU seconds of the process|peak GiB|counts}.
   *
   * @param args hosts, VMs, days, load, seed
   */
  static void report(String[] args, Function<Scenario, String> run) {
    if (args.length != 5) {
      throw new IllegalArgumentException(
          "%d arguments; expected HOSTS VMS DAYS TRACE|STAYING SEED".formatted(args.length));
    }
    Scenario scenario =
        SharedScenario.scenario(
            Integer.parseInt(args[0]),
            Integer.parseInt(args[1]),
            Integer.parseInt(args[2]),
            Load.valueOf(args[3]),
            Long.parseLong(args[4]));
    long start = System.nanoTime();
    String counts = run.apply(scenario);
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        Locale.ROOT, "RESULT %.3f|%.3f|%.2f|%s%n", seconds, cpuSeconds(), peakGib(), counts);
  }

  /** Of all threads, compiler and collector included: what a busy machine can't blur. */
  private static double cpuSeconds() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(duration -> duration.toNanos() / 1e9)
        .orElse(Double.NaN);
  }

  /** The most memory the whole process ever had, as Linux counts it. */
  private static double peakGib() {
    try {
      List<String> status = Files.readAllLines(Path.of("/proc/self/status"));
      return status.stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / GIB)
          .findFirst()
          .orElse(Double.NaN);
    } catch (IOException e) {
      return Double.NaN;
    }
  }
}
