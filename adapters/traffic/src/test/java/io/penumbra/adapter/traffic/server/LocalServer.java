package io.penumbra.adapter.traffic.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One process of a real server's, from its start to its end. */
public final class LocalServer implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Process process;
  private final Path log;
  private final Thread endWithTheJvm = new Thread(this::end);

  private LocalServer(Process process, Path log) {
    this.process = process;
    this.log = log;
    Runtime.getRuntime().addShutdownHook(endWithTheJvm);
  }

  /** The path of a program that a Debian package brings, or an end of the test that says which. */
  public static String require(String program, String debianPackage) {
    Optional<Path> found =
        Stream.concat(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1)),
                Stream.of("/usr/sbin", "/usr/bin"))
            .map(place -> Path.of(place).resolve(program))
            .filter(Files::isExecutable)
            .findFirst();
    String missing = "%s is missing (apt-get install %s)".formatted(program, debianPackage);
    if (found.isEmpty() && "true".equals(System.getenv("CI"))) {
      throw new AssertionError(missing);
    }
    if (found.isEmpty()) {
      System.out.println("left out: " + missing);
    }
    assumeTrue(found.isPresent(), missing);
    return found.get().toString();
  }

  /** Starts a program whose whole output goes to a file. */
  public static LocalServer start(Path directory, String name, List<String> command)
      throws IOException {
    Path log = directory.resolve(name + ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    return new LocalServer(process, log);
  }

  /**
   * A port of 127.0.0.1 that was free a moment ago, for TCP and for UDP. It is none of those that
   * the kernel gives to whoever asks for any, so that nobody gets it by chance before its server.
   */
  public static int freePort() throws IOException {
    InetAddress here = InetAddress.getLoopbackAddress();
    for (int tries = 0; ; tries++) {
      int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
      try (ServerSocket _ = new ServerSocket(port, 1, here);
          DatagramSocket _ = new DatagramSocket(port, here)) {
        return port;
      } catch (BindException e) {
        if (tries == 100) {
          throw e;
        }
      }
    }
  }

  /** Waits until somebody takes connections at a port. */
  public LocalServer listensAt(int port) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
        return this;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() - deadline > 0) {
          end();
          throw new IllegalStateException("it did not start:\n" + Files.readString(log), e);
        }
        Thread.sleep(20);
      }
    }
  }

  public long pid() {
    return process.pid();
  }

  /** Sends a signal by name: {@code STOP}, {@code CONT}, {@code USR1}. */
  public void signal(String name) throws Exception {
    new ProcessBuilder("sh", "-c", "kill -%s %d".formatted(name, process.pid())).start().waitFor();
  }

  /** Waits for an end that comes by itself. */
  public boolean ends() throws InterruptedException {
    return process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private void end() {
    try {
      signal("CONT");
      process.destroy();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (Exception e) {
      process.destroyForcibly();
    }
  }

  @Override
  public void close() {
    end();
    Runtime.getRuntime().removeShutdownHook(endWithTheJvm);
  }
}
