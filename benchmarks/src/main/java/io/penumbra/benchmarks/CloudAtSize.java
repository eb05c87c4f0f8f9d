package io.penumbra.benchmarks;

import io.penumbra.web.JsonClient;
import io.penumbra.web.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * {@code penumbra serve}, a process of its own, over an OpenStack cloud of a given size: how long
 * until everything is read and it works, what each full reconciliation takes after that, how long a
 * scheduler waits for an answer meanwhile, and how much memory the process has.
 *
 * <p>Arguments: servers (2,000; half of them shadows), hosts (200), minutes to watch (6: everything
 * is read again every five). The cloud's API is {@link SizedCloud}: its answers have the size of
 * real ones, its own time is not counted.
 */
public final class CloudAtSize {

  private static final Duration SOON = Duration.ofSeconds(10);
  private static final String TOKEN = "0123456789abcdef0123456789abcdef";
  private static final int QUESTIONS_EACH_SECOND = 20;

  private CloudAtSize() {}

  public static void main(String... args) throws IOException, InterruptedException {
    int servers = args.length > 0 ? Integer.parseInt(args[0]) : 2_000;
    int hosts = args.length > 1 ? Integer.parseInt(args[1]) : 200;
    int minutes = args.length > 2 ? Integer.parseInt(args[2]) : 6;
    Path folder = Files.createTempDirectory("penumbra-size");
    try (SizedCloud cloud = SizedCloud.start(hosts, servers)) {
      int port = freePort();
      Process serve = serve(folder, cloud, port);
      try {
        measure(cloud, serve, port, minutes);
      } finally {
        serve.destroy();
        if (!serve.waitFor(10, TimeUnit.SECONDS)) {
          serve.destroyForcibly().waitFor();
        }
      }
    } finally {
      Scratch.delete(folder);
    }
  }

  private static void measure(SizedCloud cloud, Process serve, int port, int minutes)
      throws IOException, InterruptedException {
    long started = System.nanoTime();
    JsonClient client =
        new JsonClient(
            URI.create("http://127.0.0.1:" + port), Optional.of(TOKEN), Optional.empty(), SOON);
    while (!(client.get("/health", Object.class, SOON) instanceof Reply.Ok<Object>)) {
      if (!serve.isAlive()) {
        throw new IOException("serve ended by itself with " + serve.exitValue());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    say("%d servers on %d hosts", cloud.servers(), cloud.hosts());
    say("process started to working: %.2f s", (System.nanoTime() - started) / 1e9);
    List<Long> waits = new ArrayList<>();
    long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
    int asked = 0;
    while (System.nanoTime() < until) {
      long begun = System.nanoTime();
      Reply<Object> reply =
          client.post("/v1/placements", question(asked++, cloud.hosts()), Object.class, SOON);
      if (!(reply instanceof Reply.Ok<Object>)) {
        throw new IOException("a question was answered with " + reply);
      }
      waits.add(System.nanoTime() - begun);
      TimeUnit.MILLISECONDS.sleep(1_000 / QUESTIONS_EACH_SECOND);
    }
    List<SizedCloud.Reading> readings = cloud.readings();
    say("full readings: %d", readings.size());
    for (SizedCloud.Reading reading : readings) {
      say(
          "  %.2f s, %d calls, %.1f MB; of it the cloud itself %.2f s",
          reading.seconds(), reading.calls(), reading.bytes() / 1e6, reading.ownSeconds());
    }
    waits.sort(null);
    say(
        "dry placement over all hosts meanwhile, %d a second: p50 %.2f ms, p99 %.2f ms, worst %.2f ms",
        QUESTIONS_EACH_SECOND,
        waits.get(waits.size() / 2) / 1e6,
        waits.get((int) (waits.size() * 0.99)) / 1e6,
        waits.getLast() / 1e6);
    say(
        "CPU of serve so far: %.1f s",
        serve.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3);
    for (String line : Files.readAllLines(Path.of("/proc/" + serve.pid() + "/status"))) {
      if (line.startsWith("VmHWM") || line.startsWith("VmRSS") || line.startsWith("RssAnon")) {
        say("%s", line.replaceAll("\\s+", " "));
      }
    }
  }

  private static Map<String, Object> question(int number, int hosts) {
    List<String> names = new ArrayList<>(hosts);
    for (int i = 0; i < hosts; i++) {
      names.add(SizedCloud.host(i));
    }
    return new TreeMap<>(
        Map.of(
            "request",
            "r" + number,
            "vm",
            "new" + number,
            "project",
            "p1",
            "flavor",
            "m1",
            "vcpus",
            1,
            "memoryMib",
            512,
            "diskGib",
            1,
            "claim",
            false,
            "tags",
            Map.of("penumbra:mode", "cold"),
            "hosts",
            names));
  }

  private static Process serve(Path folder, SizedCloud cloud, int port) throws IOException {
    Path password = secret(folder.resolve("password"), "not asked for");
    Path token = secret(folder.resolve("token"), TOKEN);
    Path config = folder.resolve("serve.yaml");
    Files.writeString(
        config,
        """
        state: %s
        listen: 127.0.0.1:%d
        tokens: {nova: "file:%s"}
        cloud:
          kind: openstack
          keystone: %s
          user: penumbra
          password: "file:%s"
          project: service
          coldSource: image
        """
            .formatted(folder.resolve("state"), port, token, cloud.keystone(), password));
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            "io.penumbra.app.Penumbra",
            "serve",
            "--config",
            config.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static Path secret(Path file, String text) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.writeString(file, text);
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket()) {
      any.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return any.getLocalPort();
    }
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }

  static String now() {
    return Instant.now().toString().substring(0, 19);
  }
}
