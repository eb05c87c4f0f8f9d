package io.penumbra.benchmarks;

import io.penumbra.benchmarks.SharedScenario.Load;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Penumbra and CloudSim Plus on the same hosts, arrivals and host failures, each in a JVM of its
 * own, in turn. Times are of the whole process, from its start to its end; CPU time counts all its
 * threads, and the ratio is of CPU times, because wall time on a shared machine is other people's.
 *
 * <p>The two do not do the same work. CloudSim Plus places VMs by first fit and restarts those of a
 * failed host at once; once with VMs that run nothing, which is the least it can be asked, and once
 * with a cloudlet in each, which is how its examples use it. Penumbra is run twice: as the baseline
 * that does just that (restart elsewhere, with its own scored placement) and as the production
 * control loop with warm shadows: pair placement, failure detection, fencing, sagas, journal and
 * state sync.
 *
 * <p>{@code SideBySide [runs] [limit seconds] [TRACE|STAYING]}
 */
public final class SideBySide {

  private static final int DAYS = 30;
  private static final List<Size> SIZES =
      List.of(new Size(1_000, 5_000), new Size(10_000, 100_000));
  private static final List<Contender> CONTENDERS =
      List.of(
          new Contender("CloudSim Plus 8.5.7, idle VMs", CloudSimPlusRun.class, "IDLE"),
          new Contender("CloudSim Plus 8.5.7, cloudlets", CloudSimPlusRun.class, "CLOUDLETS"),
          new Contender("Penumbra, restart elsewhere", FleetRun.class, "RESTART_ELSEWHERE"),
          new Contender("Penumbra, warm shadows", FleetRun.class, "WARM"));

  private final int runs;
  private final Duration limit;
  private final Load load;

  private record Size(int hosts, int vms) {}

  private record Contender(String name, Class<?> main, String variant) {}

  private record Outcome(double wall, double cpu, double peakGib, String counts) {}

  private SideBySide(int runs, Duration limit, Load load) {
    this.runs = runs;
    this.limit = limit;
    this.load = load;
  }

  /** Runs everything and prints a table per size. */
  public static void main(String... args) throws IOException, InterruptedException {
    int runs = args.length > 0 ? Integer.parseInt(args[0]) : 3;
    Duration limit = Duration.ofSeconds(args.length > 1 ? Long.parseLong(args[1]) : 600);
    Load load = args.length > 2 ? Load.valueOf(args[2]) : Load.STAYING;
    System.out.printf(
        "%s, %d cores, Java %s; %d days, load %s, best of %d%n",
        cpu(), Runtime.getRuntime().availableProcessors(), Runtime.version(), DAYS, load, runs);
    SideBySide sides = new SideBySide(runs, limit, load);
    for (Size size : SIZES) {
      sides.compare(size);
    }
  }

  private void compare(Size size) throws IOException, InterruptedException {
    List<Optional<Outcome>> best = new ArrayList<>();
    CONTENDERS.forEach(contender -> best.add(Optional.empty()));
    for (int run = 0; run < runs; run++) {
      for (int i = 0; i < CONTENDERS.size(); i++) {
        // One that ran out of time once is not asked again.
        if (run == 0 || best.get(i).isPresent()) {
          best.set(i, better(best.get(i), run(CONTENDERS.get(i), size)));
        }
      }
    }
    System.out.printf(Locale.ROOT, "%n%,d hosts, %,d VMs%n", size.hosts(), size.vms());
    System.out.printf("  %-32s %8s %8s %9s %s%n", "", "wall s", "CPU s", "peak GiB", "CPU ratio");
    for (int i = 0; i < CONTENDERS.size(); i++) {
      line(CONTENDERS.get(i), best.get(i), best.getFirst());
    }
  }

  private void line(Contender contender, Optional<Outcome> outcome, Optional<Outcome> reference) {
    if (outcome.isEmpty()) {
      System.out.printf(
          "  %-32s did not finish within %d s%n", contender.name(), limit.toSeconds());
      return;
    }
    Outcome best = outcome.get();
    System.out.printf(
        Locale.ROOT,
        "  %-32s %8.2f %8.2f %9.2f %s%n      %s%n",
        contender.name(),
        best.wall(),
        best.cpu(),
        best.peakGib(),
        reference
            .map(other -> String.format(Locale.ROOT, "%.2f", other.cpu() / best.cpu()))
            .orElse("-"),
        best.counts());
  }

  private static Optional<Outcome> better(Optional<Outcome> known, Optional<Outcome> found) {
    if (known.isEmpty() || found.isEmpty()) {
      return known.isEmpty() ? found : known;
    }
    return known.get().cpu() <= found.get().cpu() ? known : found;
  }

  private Optional<Outcome> run(Contender contender, Size size)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx8g",
                "-XX:+UseParallelGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "-Dvariant=" + contender.variant(),
                contender.main().getName()));
    command.addAll(
        Arrays.asList(
            Integer.toString(size.hosts()),
            Integer.toString(size.vms()),
            Integer.toString(DAYS),
            load.name(),
            "1"));
    Path output = Files.createTempFile("side-by-side", ".txt");
    try {
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        return Optional.empty();
      }
      return Optional.of(outcome(output, (System.nanoTime() - start) / 1e9));
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private static Outcome outcome(Path output, double wall) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(output)) {
      String text = lines.lines().filter(l -> l.startsWith("RESULT ")).findFirst().orElse("");
      String[] parts = text.replaceFirst("RESULT ", "").split("\\|", 4);
      if (parts.length != 4) {
        throw new IllegalStateException("the child said:\n" + Files.readString(output));
      }
      return new Outcome(
          wall, Double.parseDouble(parts[1]), Double.parseDouble(parts[2]), parts[3]);
    }
  }

  private static String cpu() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown CPU");
  }
}
