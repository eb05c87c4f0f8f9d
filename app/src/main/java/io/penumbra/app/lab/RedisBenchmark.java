package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Debian's redis-benchmark: many connections, each waiting for its answer before it asks again. */
final class RedisBenchmark {

  private static final int KEYS = 10_000;
  private static final int VALUE_BYTES = 64;

  private RedisBenchmark() {}

  /**
   * One run.
   *
   * @param perSecond requests answered
   * @param p50Millis of a request's time
   */
  record Result(double perSecond, double p50Millis, double p99Millis) {}

  /** Writes so many keys over so many connections, and says how fast. */
  static Result set(InetSocketAddress server, int connections, int requests)
      throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(
                  "redis-benchmark",
                  "-h",
                  server.getAddress().getHostAddress(),
                  "-p",
                  Integer.toString(server.getPort()),
                  "-c",
                  Integer.toString(connections),
                  "-n",
                  Integer.toString(requests),
                  "-r",
                  Integer.toString(KEYS),
                  "-d",
                  Integer.toString(VALUE_BYTES),
                  "-t",
                  "set",
                  "--csv")
              .redirectErrorStream(true)
              .start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new BadInputException("redis-benchmark", "failed: " + said, "");
      }
      return read(said);
    } catch (IOException e) {
      throw new BadInputException(
          "redis-benchmark", "can't be run: " + e.getMessage(), "apt-get install redis-tools", e);
    }
  }

  /** {@code "test","rps","avg_latency_ms","min","p50","p95","p99","max"} and a line of them. */
  static Result read(String csv) {
    List<String> lines = csv.lines().toList();
    String[] values = lines.getLast().replace("\"", "").split(",", -1);
    if (lines.size() < 2 || values.length < 8) {
      throw new BadInputException("redis-benchmark", "said what was not expected: " + csv, "");
    }
    return new Result(
        Double.parseDouble(values[1]),
        Double.parseDouble(values[4]),
        Double.parseDouble(values[6]));
  }

  static String description() {
    return "redis-benchmark SET, values of %d bytes, %,d keys".formatted(VALUE_BYTES, KEYS);
  }
}
