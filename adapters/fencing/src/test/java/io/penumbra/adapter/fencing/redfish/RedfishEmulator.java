package io.penumbra.adapter.fencing.redfish;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * OpenStack's Redfish emulator (sushy-tools) with one machine that is on, behind TLS and a login.
 * Its fake machines lose their power 1 to 11 s after they are told to, as slow real ones do.
 */
final class RedfishEmulator implements AutoCloseable {

  static final String UUID = "5d4c1f7e-2f3e-4c11-9a52-9a0d5a6f5f10";
  static final String PASSWORD = "only-for-this-test";
  private static final String BCRYPT =
      "$2b$04$KkUQGS.DUID/eELrb4112.lLj2Aq4W3S7rFmHvQK9LjM/SbsV6CWC";

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Path directory;
  private final int port;
  private final Process process;
  private final Thread endWithTheJvm = new Thread(this::end);

  RedfishEmulator(Path directory) throws Exception {
    this.directory = directory;
    String program = program();
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = probe.getLocalPort();
    }
    makeCertificate();
    Files.writeString(directory.resolve("logins"), "penumbra:" + BCRYPT + "\n");
    Files.writeString(directory.resolve("emulator.conf"), configuration());
    process =
        new ProcessBuilder(program, "--fake", "--config", directory + "/emulator.conf")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(endWithTheJvm);
    waitUntilItListens();
  }

  /** Where the launcher installs it for the tests, or wherever else it is. */
  private static String program() {
    Optional<Path> found =
        Stream.concat(
                Stream.of("target/redfish/bin", "../../target/redfish/bin"),
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1)))
            .map(place -> Path.of(place).resolve("sushy-emulator").toAbsolutePath())
            .filter(Files::isExecutable)
            .findFirst();
    String missing = "sushy-emulator is missing (./penumbra test installs it into target/redfish)";
    if (found.isEmpty() && "true".equals(System.getenv("CI"))) {
      throw new AssertionError(missing);
    }
    if (found.isEmpty()) {
      System.out.println("left out: " + missing);
    }
    assumeTrue(found.isPresent(), missing);
    return found.get().toString();
  }

  private void makeCertificate() throws Exception {
    Process openssl =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                directory + "/key.pem",
                "-out",
                directory + "/cert.pem")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("openssl.log").toFile())
            .start();
    if (openssl.waitFor() != 0) {
      throw new IllegalStateException(Files.readString(directory.resolve("openssl.log")));
    }
  }

  private String configuration() {
    return """
    SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'
    SUSHY_EMULATOR_LISTEN_PORT = %1$d
    SUSHY_EMULATOR_SSL_CERT = '%2$s/cert.pem'
    SUSHY_EMULATOR_SSL_KEY = '%2$s/key.pem'
    SUSHY_EMULATOR_AUTH_FILE = '%2$s/logins'
    SUSHY_EMULATOR_STATE_DIR = '%2$s'
    SUSHY_EMULATOR_FAKE_SYSTEMS = [{'uuid': '%3$s', 'name': 'host-a', 'power_state': 'On',
                                    'external_notifier': False, 'nics': []}]
    """
        .formatted(port, directory, UUID);
  }

  private void waitUntilItListens() throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() - deadline > 0) {
          end();
          throw new IllegalStateException(Files.readString(directory.resolve("log")), e);
        }
        Thread.sleep(50);
      }
    }
  }

  URI base(String name) {
    return URI.create("https://%s:%d".formatted(name, port));
  }

  Path certificate() {
    return directory.resolve("cert.pem");
  }

  private void end() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    end();
    Runtime.getRuntime().removeShutdownHook(endWithTheJvm);
  }
}
