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

  /** How many answers each client waits for when answers wait for epochs. */
  private static final int EPOCHS = 60;

  private final Lab lab;
  private final Consumer<String> say;
  private final List<Way> ways;

  /**
   * One way to run the guest.
   *
   * @param epoch between two epochs; empty without a shadow
   * @param connections that each wait for an answer before they ask again
   */
  record Way(String name, Optional<Duration> epoch, int connections, int requests) {}

  private record Run(Way way, RedisBenchmark.Result result) {}

  private LabThroughput(Lab lab, Consumer<String> say, List<Way> ways) {
    this.lab = lab;
    this.say = say;
    this.ways = ways;
  }

  /** The ways that are compared under a commit mode. */
  static List<Way> ways(String commit, List<Integer> connections, int requests) {
    boolean waits = commit.equals("output-commit");
    List<Way> ways = new ArrayList<>();
    for (int millis : waits ? List.of(0, 100, 50, 25) : List.of(0, 1_000, 100)) {
      for (int clients : connections) {
        String name = millis == 0 ? "no shadow" : "epochs of %,d ms".formatted(millis);
        Optional<Duration> epoch =
            millis == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(millis));
        // Every answer waits for its epoch, so that a client has one answer an epoch.
        int many = waits && millis > 0 ? clients * EPOCHS : Math.max(requests * clients / 50, 100);
        ways.add(new Way("%s, %d connections".formatted(name, clients), epoch, clients, many));
      }
    }
    return ways;
  }

  /** Runs all ways so many times, and says what came of it, a line each. */
  static List<String> run(
      Lab lab,
      String commit,
      List<Integer> connections,
      int requests,
      int rounds,
      Consumer<String> say)
      throws InterruptedException {
    return new LabThroughput(lab, say, ways(commit, connections, requests)).run(commit, rounds);
  }

  private List<String> run(String commit, int rounds) throws InterruptedException {
    List<Run> runs = new ArrayList<>();
    // Not measured: the emulator translates the guest's code when it first runs.
    lab.protect(Optional.empty());
    RedisBenchmark.set(lab.clients(), ways.getFirst().connections(), 5_000);
    Optional<Duration> now = Optional.empty();
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < ways.size(); i++) {
        Way way = ways.get((round + i) % ways.size());
        if (!way.epoch().equals(now)) {
          lab.protect(way.epoch());
          now = way.epoch();
          Thread.sleep(SETTLE);
        }
        RedisBenchmark.Result result =
            RedisBenchmark.set(lab.clients(), way.connections(), way.requests());
        runs.add(new Run(way, result));
        say.accept("round %d, %s".formatted(round + 1, line(way.name(), result)));
      }
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s, commit mode %s, medians of %d rounds"
            .formatted(RedisBenchmark.description(), commit, rounds));
    for (Way way : ways) {
      double off = median(runs, alike(way), RedisBenchmark.Result::perSecond);
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

  /** The same load without a shadow. */
  private Way alike(Way way) {
    return ways.stream()
        .filter(other -> other.epoch().isEmpty() && other.connections() == way.connections())
        .findFirst()
        .orElseThrow();
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
