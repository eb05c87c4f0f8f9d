package io.penumbra.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.adapter.traffic.gateway.Gateway;
import io.penumbra.adapter.traffic.gateway.GatewayMode;
import io.penumbra.adapter.traffic.gateway.GatewaySettings;
import io.penumbra.adapter.traffic.gateway.Hold;
import io.penumbra.adapter.traffic.gateway.Protocol;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A real Redis behind a gateway, beside a direct connection to it: requests per second and latency
 * for each mode, in turn, the median of several rounds; how long a quiet cut holds requests back;
 * how fast a takeover replays; what the log takes. The load is Debian's redis-benchmark. Gateway
 * and agent are in this process; Redis and the load share the machine with it.
 *
 * <pre>
 * benchmarks/run gateway [ROUNDS]
 * </pre>
 */
public final class GatewayFigures {

  private static final int WARM_UP = 20_000;
  private static final int MANY = 30_000;
  private static final int ALONE = 5_000;
  private static final int CUTS = 300;
  private static final int REPLAYED = 100_000;
  private static final int REPLAYED_ONE_BY_ONE = 20_000;
  private static final Duration BETWEEN_CUTS = Duration.ofMillis(10);
  private static final Duration QUIET_WITHIN = Duration.ofMillis(100);

  private final Path dir;
  private final int rounds;
  private final Redis redis;

  private GatewayFigures(Path dir, int rounds) throws IOException, InterruptedException {
    this.dir = dir;
    this.rounds = rounds;
    this.redis = new Redis(dir);
  }

  /** Measures everything; the argument is the number of rounds, 3 if not given. */
  public static void main(String... arguments) throws IOException, InterruptedException {
    for (String program : List.of("redis-server", "redis-benchmark")) {
      if (!Files.isExecutable(Path.of("/usr/bin", program))) {
        throw new IllegalStateException(program + " is missing: apt-get install redis-server");
      }
    }
    int rounds = arguments.length == 0 ? 3 : Integer.parseInt(arguments[0]);
    Path dir = Files.createTempDirectory("gateway-figures");
    GatewayFigures figures = new GatewayFigures(dir, rounds);
    try (figures.redis) {
      figures.throughput();
      figures.cuts();
      figures.replay();
    } finally {
      Files.deleteIfExists(dir);
    }
  }

  // ---- passing

  private void throughput() throws IOException, InterruptedException {
    List<Way> ways =
        List.of(
            new Way("direct", Optional.empty(), 0, MANY, ALONE),
            new Way("async", Optional.of(GatewayMode.ASYNC), 0, MANY, ALONE),
            new Way(
                "replay, acked every 200 ms", Optional.of(GatewayMode.REPLAY), 200, MANY, ALONE),
            new Way(
                "output-commit, 200 ms", Optional.of(GatewayMode.OUTPUT_COMMIT), 200, 1_000, 20),
            new Way("output-commit, 50 ms", Optional.of(GatewayMode.OUTPUT_COMMIT), 50, 4_000, 80));
    for (Way way : ways) {
      measure(way, 50, Math.min(WARM_UP, way.many));
    }
    List<List<Figures>> crowd =
        ways.stream().map(_ -> (List<Figures>) new ArrayList<Figures>()).toList();
    List<List<Figures>> single =
        ways.stream().map(_ -> (List<Figures>) new ArrayList<Figures>()).toList();
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < ways.size(); i++) {
        crowd.get(i).add(measure(ways.get(i), 50, ways.get(i).many));
        single.get(i).add(measure(ways.get(i), 1, ways.get(i).alone));
      }
    }
    print("SET of 64 bytes, 50 connections", ways, crowd);
    print("SET of 64 bytes, 1 connection", ways, single);
  }

  private static void print(String title, List<Way> ways, List<List<Figures>> all) {
    System.out.printf("%n%-32s %12s %10s %10s%n", title, "requests/s", "p50 ms", "p99 ms");
    for (int i = 0; i < ways.size(); i++) {
      System.out.println(median(all.get(i)).line(ways.get(i).name));
    }
  }

  private static Figures median(List<Figures> rounds) {
    return new Figures(
        middle(rounds.stream().mapToDouble(Figures::perSecond).toArray()),
        middle(rounds.stream().mapToDouble(Figures::p50).toArray()),
        middle(rounds.stream().mapToDouble(Figures::p99).toArray()));
  }

  private static double middle(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }

  private Figures measure(Way way, int connections, int requests)
      throws IOException, InterruptedException {
    if (way.mode.isEmpty()) {
      return load(redis.address, connections, requests, 1);
    }
    try (Gateway gateway = gateway(way.mode.get());
        Agent agent = new Agent(gateway, way.ackMillis)) {
      agent.start();
      return load(gateway.address(), connections, requests, 1);
    }
  }

  private Gateway gateway(GatewayMode mode) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Gateway.open(GatewaySettings.of(any, redis.address, mode, Protocol.RESP));
  }

  // ---- cuts

  private void cuts() throws IOException, InterruptedException {
    System.out.printf(
        "%n%-32s %12s %10s %10s %10s%n",
        "a quiet cut under load", "quiet", "p50 us", "p99 us", "max");
    for (int connections : new int[] {1, 50}) {
      try (Gateway gateway = gateway(GatewayMode.REPLAY)) {
        Process endless =
            benchmark(gateway.address(), connections, Integer.MAX_VALUE, 1)
                .redirectOutput(Redirect.DISCARD)
                .start();
        try {
          Thread.sleep(Duration.ofSeconds(1));
          cuts(gateway, connections);
        } finally {
          endless.destroyForcibly().waitFor();
        }
      }
    }
  }

  private static void cuts(Gateway gateway, int connections) throws InterruptedException {
    long[] nanos = new long[CUTS];
    int quiet = 0;
    for (int i = 0; i < CUTS; i++) {
      Thread.sleep(BETWEEN_CUTS);
      long before = System.nanoTime();
      Hold hold = gateway.beginCut(QUIET_WITHIN);
      nanos[i] = System.nanoTime() - before;
      quiet += hold instanceof Hold.Held held && held.quiet() ? 1 : 0;
      gateway.cut(i + 1L);
      gateway.acked(i + 1L);
    }
    Arrays.sort(nanos);
    System.out.printf(
        "%-32s %12s %,10d %,10d %,10d%n",
        connections + " connections",
        quiet + "/" + CUTS,
        nanos[CUTS / 2] / 1_000,
        nanos[CUTS * 99 / 100] / 1_000,
        nanos[CUTS - 1] / 1_000);
  }

  // ---- replay and memory

  private void replay() throws IOException, InterruptedException {
    System.out.printf("%n%-32s %12s %10s %14s%n", "replay", "requests", "per s", "heap/request");
    replay("one pipeline", REPLAYED, 0);
    // Clients with a state of their own: told one at a time, each on its connection.
    replay("one by one", REPLAYED_ONE_BY_ONE, 1);
    System.out.printf(
        Locale.ROOT, "resident at most, with agent and measurement: %,d MiB%n", residentMaxMib());
  }

  private void replay(String name, int requests, int database)
      throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      try (Gateway gateway = gateway(GatewayMode.REPLAY);
          Redis shadow = new Redis(dir)) {
        gateway.beginCut(QUIET_WITHIN);
        gateway.cut(1);
        gateway.acked(1);
        long before = usedHeap();
        run(benchmark(gateway.address(), 50, requests, 16, "--dbnum", String.valueOf(database)));
        long grown = usedHeap() - before;
        TakeoverOutcome outcome = gateway.takeOver(shadow.address, 1);
        if (!(outcome instanceof TakeoverOutcome.Done done)) {
          throw new IllegalStateException("no replay: " + outcome);
        }
        System.out.printf(
            "%-32s %,12d %,10.0f %,12d B%n",
            name,
            done.replayed(),
            done.replayed() * 1e6 / done.tookMicros(),
            grown / Math.max(1, done.replayed()));
      }
    }
  }

  private static long usedHeap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long residentMaxMib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .sum()
        >> 10;
  }

  // ---- load

  private static Figures load(InetSocketAddress to, int connections, int requests, int pipeline)
      throws IOException, InterruptedException {
    String[] lines = run(benchmark(to, connections, requests, pipeline)).split("\n", -1);
    for (String line : lines) {
      String[] fields = line.replace("\"", "").split(",", -1);
      if (fields[0].equals("SET")) {
        return new Figures(
            Double.parseDouble(fields[1]),
            Double.parseDouble(fields[4]),
            Double.parseDouble(fields[6]));
      }
    }
    throw new IOException("redis-benchmark said: " + String.join("\n", lines));
  }

  private static ProcessBuilder benchmark(
      InetSocketAddress to, int connections, int requests, int pipeline, String... more) {
    List<String> words = new ArrayList<>(List.of("/usr/bin/redis-benchmark", "--csv", "-t", "set"));
    words.addAll(List.of("-d", "64", "-p", String.valueOf(to.getPort())));
    words.addAll(List.of("-c", String.valueOf(connections), "-n", String.valueOf(requests)));
    words.addAll(List.of("-P", String.valueOf(pipeline)));
    words.addAll(List.of(more));
    return new ProcessBuilder(words).redirectErrorStream(true);
  }

  private static String run(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = builder.start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new IOException("redis-benchmark failed: " + said);
      }
      return said;
    } finally {
      process.destroyForcibly();
    }
  }

  /** A way to the service. */
  private record Way(String name, Optional<GatewayMode> mode, int ackMillis, int many, int alone) {}

  /** What redis-benchmark says; latencies in milliseconds. */
  private record Figures(double perSecond, double p50, double p99) {

    String line(String name) {
      return String.format(Locale.ROOT, "%-32s %,12.0f %10.3f %10.3f", name, perSecond, p50, p99);
    }
  }

  /** Cuts and acks at a fixed rate; 0: never. */
  private static final class Agent implements AutoCloseable {

    private final Gateway gateway;
    private final int millis;
    private final Thread thread = Thread.ofPlatform().name("agent").daemon().unstarted(this::run);
    private volatile boolean open = true;

    Agent(Gateway gateway, int millis) {
      this.gateway = gateway;
      this.millis = millis;
    }

    void start() {
      if (millis > 0) {
        thread.start();
      }
    }

    private void run() {
      try {
        for (long epoch = 1; open; epoch++) {
          gateway.beginCut(QUIET_WITHIN);
          gateway.cut(epoch);
          gateway.acked(epoch);
          Thread.sleep(Duration.ofMillis(millis));
        }
      } catch (InterruptedException e) {
        open = false;
      }
    }

    @Override
    public void close() {
      open = false;
      thread.interrupt();
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** A Redis that keeps nothing on disk. */
  private static final class Redis implements AutoCloseable {

    private final Process process;
    private final InetSocketAddress address;

    Redis(Path dir) throws IOException, InterruptedException {
      int port;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      }
      address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      process =
          new ProcessBuilder(
                  "/usr/bin/redis-server",
                  "--bind",
                  "127.0.0.1",
                  "--port",
                  String.valueOf(port),
                  "--dir",
                  dir.toString(),
                  "--save",
                  "")
              .redirectErrorStream(true)
              .redirectOutput(Redirect.DISCARD)
              .start();
      await();
    }

    private void await() throws InterruptedException {
      for (int attempt = 0; attempt < 250; attempt++) {
        try (Socket socket = new Socket()) {
          socket.connect(address, 1_000);
          return;
        } catch (IOException e) {
          Thread.sleep(20);
        }
      }
      close();
      throw new IllegalStateException("redis-server did not start at " + address);
    }

    @Override
    public void close() {
      process.destroyForcibly();
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
