package io.penumbra.app.simulate;

import io.penumbra.app.ExitCode;
import io.penumbra.app.progress.Progress;
import io.penumbra.domain.BadInputException;
import io.penumbra.simulator.soak.SoakResult;
import io.penumbra.simulator.soak.SoakRun;
import io.penumbra.simulator.soak.SoakRunner;
import io.penumbra.simulator.soak.SoakVerdict;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra soak}: many small worlds full of faults, watched by checkers. */
@Command(
    name = "soak",
    sortOptions = false,
    description = {
      "Puts the production control loop into small random worlds full of faults, then",
      "heals them. Checkers look on after every step: nothing may happen that must",
      "never happen, and in the end all must be put right. One seed is one world.",
      ""
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./penumbra soak --seeds 1000",
      "  ./penumbra soak --seed 4711            that one again",
      "  ./penumbra soak --seed 4711 --trace    and everything that happened in it"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:nothing broke",
      "2:a flag cannot be used",
      "3:a safety rule was broken; the seed that repeats it is printed",
      "4:a world did not come to rest; the seed that repeats it is printed"
    })
public final class SoakCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "How many worlds (default: 1 with --seed, else 100).")
  private Optional<Long> seeds = Optional.empty();

  @Option(names = "--seed", paramLabel = "S", description = "The first seed (default: 1).")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "How many worlds at once (default: one per core).")
  private Optional<Integer> threads = Optional.empty();

  @Option(names = "--trace", description = "Print everything that happens; for a single seed.")
  private boolean trace;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  public SoakCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    long count = seeds.orElse(seed.isPresent() ? 1L : 100L);
    int workers = threads.orElse(Runtime.getRuntime().availableProcessors());
    require("--seeds", count, 1, 1_000_000_000);
    require("--threads", workers, 1, 1_024);
    if (trace && count != 1) {
      throw new BadInputException(
          "--trace", "is for one seed, and this is %d".formatted(count), "Add --seeds 1.");
    }
    long start = System.nanoTime();
    SoakRunner.Summary summary = soak(count, workers);
    return tell(summary, count, (System.nanoTime() - start) / 1e9);
  }

  private SoakRunner.Summary soak(long count, int workers) throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    SoakRun.Options options =
        trace ? SoakRun.Options.usual().withTrace(out::println) : SoakRun.Options.usual();
    try (Interruption interruption = Interruption.listen();
        Progress progress =
            Progress.on(spec.commandLine().getErr()).begin("Soaking", "seeds", count)) {
      return new SoakRunner(Math.toIntExact(Math.min(workers, count)))
          .run(
              seed.orElse(1L),
              count,
              options,
              (done, result) -> {
                report(progress, done, result);
                return !interruption.requested();
              });
    }
  }

  /** A failing seed is told at once; nobody should have to wait for the other million. */
  private synchronized void report(Progress progress, long done, SoakResult result) {
    progress.at(done);
    if (result.verdict() != SoakVerdict.OK) {
      spec.commandLine().getOut().print(result.report());
      spec.commandLine().getOut().flush();
    }
  }

  private int tell(SoakRunner.Summary summary, long count, double seconds) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%,d of %,d seeds from %d in %.1f s (%,.0f a minute): %,d shadows brought to life, %s%n",
        summary.seeds(),
        count,
        seed.orElse(1L),
        seconds,
        summary.seeds() / seconds * 60,
        summary.promotions(),
        summary.failures().isEmpty()
            ? "nothing broke"
            : "%,d seeds broke a rule".formatted(summary.failures().size()));
    for (SoakResult failure : summary.failures()) {
      out.println("Again: " + failure.command());
    }
    if (summary.seeds() < count) {
      spec.commandLine().getErr().println("penumbra: stopped early");
    }
    return summary.failures().isEmpty() ? ExitCode.OK : summary.exitCode();
  }

  private static void require(String flag, long value, long least, long most) {
    if (value < least || value > most) {
      throw new BadInputException(
          flag, "is %d; expected %d to %,d".formatted(value, least, most), "");
    }
  }
}
