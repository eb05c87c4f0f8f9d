package io.penumbra.app.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * What protection costs a guest: the same load with no shadow and with epochs of several lengths,
 * in turns within one run, each round beginning with another, so that what else the machine does
 * falls on all alike.
 */
final class LabThroughput {

  private static final Duration SETTLE = Duration.ofMillis(1_500);

  private final Lab lab;
  private final Consumer<String> say;
  private final List<Way> ways;

  /**
   * One way to run the guest.
   *
   * @param epoch between two epochs; empty without a shadow
   */
  record Way(String name, Optional<Duration> epoch, int requests) {}

  private record Run(Way way, RedisBenchmark.Result result) {}

  private LabThroughput(Lab lab, Consumer<String> say, List<Way> ways) {
    this.lab = lab;
    this.say = say;
    this.ways = ways;
  }

  /** The ways that are compared under a commit mode. */
  static List<Way> ways(String commit, int requests) {
    Way off = new Way("no shadow", Optional.empty(), requests);
    Way second = new Way("epochs of 1 s", Optional.of(Duration.ofSeconds(1)), requests);
    Way tenth = new Way("epochs of 100 ms", Optional.of(Duration.ofMillis(100)), requests);
    // Every answer waits for its epoch: so many requests take long.
    return commit.equals("output-commit")
        ? List.of(off, new Way(tenth.name(), tenth.epoch(), Math.max(500, requests / 20)))
        : List.of(off, second, tenth);
  }

  /** Runs all ways so many times, and says what came of it, a line each. */
  static List<String> run(Lab lab, String commit, int requests, int rounds, Consumer<String> say)
      throws InterruptedException {
    return new LabThroughput(lab, say, ways(commit, requests)).run(commit, rounds);
  }

  private List<String> run(String commit, int rounds) throws InterruptedException {
    List<Run> runs = new ArrayList<>();
    // Not measured: the emulator translates the guest's code when it first runs.
    RedisBenchmark.set(lab.clients(), ways.getFirst().requests() / 4);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < ways.size(); i++) {
        Way way = ways.get((round + i) % ways.size());
        lab.protect(way.epoch());
        Thread.sleep(SETTLE);
        RedisBenchmark.Result result = RedisBenchmark.set(lab.clients(), way.requests());
        runs.add(new Run(way, result));
        say.accept("round %d, %s".formatted(round + 1, line(way.name(), result)));
      }
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s, commit mode %s, medians of %d rounds"
            .formatted(RedisBenchmark.description(), commit, rounds));
    double off = median(runs, ways.getFirst(), RedisBenchmark.Result::perSecond);
    for (Way way : ways) {
      RedisBenchmark.Result median =
          new RedisBenchmark.Result(
              median(runs, way, RedisBenchmark.Result::perSecond),
              median(runs, way, RedisBenchmark.Result::p50Millis),
              median(runs, way, RedisBenchmark.Result::p99Millis));
      lines.add(
          line(way.name(), median)
              + String.format(Locale.ROOT, ", %.0f %% of it", 100 * median.perSecond() / off));
    }
    return lines;
  }

  private static String line(String name, RedisBenchmark.Result result) {
    return String.format(
        Locale.ROOT,
        "%s: %,.0f requests/s, p50 %.1f ms, p99 %.1f ms",
        name,
        result.perSecond(),
        result.p50Millis(),
        result.p99Millis());
  }

  private static double median(
      List<Run> runs, Way way, ToDoubleFunction<RedisBenchmark.Result> figure) {
    return Quantiles.of(
            runs.stream()
                .filter(run -> run.way().equals(way))
                .mapToDouble(run -> figure.applyAsDouble(run.result()))
                .toArray())
        .p50();
  }
}
