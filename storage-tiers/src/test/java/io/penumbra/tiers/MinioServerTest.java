package io.penumbra.tiers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The contract on a real MinIO server; {@code .ci/run} builds one and names it here. */
@EnabledIfEnvironmentVariable(named = "PENUMBRA_MINIO", matches = ".+")
final class MinioServerTest extends S3Contract {

  private @Nullable Process server;

  @Override
  int startServer() throws Exception {
    int port = launch();
    while (!listens(port)) { // somebody else has got its port
      port = launch();
    }
    return port;
  }

  private int launch() throws Exception {
    int port = freePort();
    ProcessBuilder builder =
        new ProcessBuilder(
            System.getenv("PENUMBRA_MINIO"),
            "server",
            "--quiet",
            "--address",
            "127.0.0.1:" + port,
            "--console-address",
            "127.0.0.1:" + freePort(),
            directory.resolve("data").toString());
    builder.environment().put("MINIO_ROOT_USER", "penumbra-access");
    builder.environment().put("MINIO_ROOT_PASSWORD", "penumbra-secret");
    builder.environment().put("MINIO_BROWSER", "off");
    builder.environment().put("MINIO_UPDATE", "off");
    Path log = directory.resolve("minio.log");
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    server = builder.start();
    return port;
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Whether it does in the end, or has given up. */
  private boolean listens(int port) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (Objects.requireNonNull(server).isAlive()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
        // It listens before it is ready; a moment more saves retries.
        Thread.sleep(Duration.ofMillis(500));
        return true;
      } catch (IOException e) {
        Thread.sleep(Duration.ofMillis(100));
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("MinIO doesn't listen on port " + port);
      }
    }
    String log = Files.readString(directory.resolve("minio.log"));
    if (!log.contains("in use")) {
      throw new IllegalStateException("MinIO doesn't start: " + log);
    }
    return false;
  }

  @Override
  void stopServer() throws Exception {
    if (server != null) {
      server.destroy();
      if (!server.waitFor(10, TimeUnit.SECONDS)) {
        server.destroyForcibly().waitFor();
      }
    }
  }
}
