package io.penumbra.adapter.traffic.gateway;

import static org.assertj.core.api.Assertions.fail;

import io.penumbra.adapter.traffic.server.LocalServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;

/** A real Redis that stands for a VM: its dump is the epoch, {@code kill -9} the host's death. */
final class RedisServer implements AutoCloseable {

  private final Process process;
  private final InetSocketAddress address;
  private final Path dir;

  private RedisServer(Process process, InetSocketAddress address, Path dir) {
    this.process = process;
    this.address = address;
    this.dir = dir;
  }

  static void orSkip() {
    if (!Files.isExecutable(Path.of("/usr/bin/redis-server"))) {
      if ("true".equals(System.getenv("CI"))) {
        fail("redis-server is missing: apt-get install redis-server");
      }
      Assumptions.abort("redis-server is missing: apt-get install redis-server");
    }
  }

  static RedisServer start(Path parent, Optional<Path> epoch) throws IOException {
    Path dir = Files.createTempDirectory(parent, "redis");
    if (epoch.isPresent()) {
      Files.copy(epoch.get(), dir.resolve("dump.rdb"));
    }
    int port = LocalServer.freePort();
    Process process =
        new ProcessBuilder(
                "/usr/bin/redis-server",
                "--bind",
                "127.0.0.1",
                "--port",
                String.valueOf(port),
                "--dir",
                dir.toString(),
                "--save",
                "",
                "--appendonly",
                "no")
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("log").toFile())
            .start();
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    RedisServer server = new RedisServer(process, address, dir);
    server.awaitReady();
    return server;
  }

  private void awaitReady() throws IOException {
    long deadline = System.nanoTime() + 90_000_000_000L;
    while (process.isAlive() && System.nanoTime() < deadline) {
      try (RespClient client = new RespClient(address)) {
        if (client.ask("PING").equals("PONG")) {
          return;
        }
      } catch (IOException e) {
        LockSupport.parkNanos(1_000_000);
      }
    }
    process.destroyForcibly();
    throw new IOException("redis-server did not start; see " + dir.resolve("log"));
  }

  InetSocketAddress address() {
    return address;
  }

  /** Writes the state as it is now to a file. */
  Path epoch(long number) throws IOException {
    try (RespClient client = new RespClient(address)) {
      if (!client.ask("SAVE").equals("OK")) {
        throw new IOException("Redis does not save");
      }
    }
    return Files.copy(
        dir.resolve("dump.rdb"),
        dir.resolveSibling("epoch-" + number + "-" + address.getPort()),
        StandardCopyOption.REPLACE_EXISTING);
  }

  void kill() throws IOException {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    kill();
  }
}
