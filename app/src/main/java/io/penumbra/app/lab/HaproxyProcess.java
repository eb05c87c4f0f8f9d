package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A real HAProxy in front of one TCP service, steered through its runtime API. */
final class HaproxyProcess implements AutoCloseable {

  static final String BACKEND = "redis";
  static final String SERVER = "vm";

  private final Child child;
  private final Path socket;
  private final InetSocketAddress address;

  private HaproxyProcess(Child child, Path socket, InetSocketAddress address) {
    this.child = child;
    this.socket = socket;
    this.address = address;
  }

  /**
   * Starts it.
   *
   * @param server where the service is at first
   */
  static HaproxyProcess start(Path directory, InetSocketAddress server)
      throws InterruptedException {
    Path socket = directory.resolve("haproxy.sock");
    Path config = directory.resolve("haproxy.cfg");
    try {
      Files.createDirectories(directory);
      InetSocketAddress address =
          new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), freePort());
      Files.writeString(
          config,
          """
          global
            stats socket %s mode 600 level admin
            stats timeout 1m
          defaults
            mode tcp
            # Whoever connects while nobody serves is kept, and tried again after this, wherever
            # the server is by then: up to two seconds in all.
            timeout connect 10ms
            retries 200
            option redispatch 1
            timeout client 1m
            timeout server 1m
          frontend clients
            bind %s:%d
            default_backend %s
          backend %s
            server %s %s:%d on-marked-down shutdown-sessions
          """
              .formatted(
                  socket,
                  address.getAddress().getHostAddress(),
                  address.getPort(),
                  BACKEND,
                  BACKEND,
                  SERVER,
                  server.getAddress().getHostAddress(),
                  server.getPort()));
      Child child =
          Child.start(
              "haproxy", directory, Map.of(), List.of("haproxy", "-db", "-f", config.toString()));
      child.awaitReady(() -> Files.exists(socket), "see: haproxy -c -f " + config);
      return new HaproxyProcess(child, socket, address);
    } catch (IOException e) {
      throw new BadInputException(directory.toString(), "can't be used: " + e.getMessage(), "", e);
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return free.getLocalPort();
    }
  }

  /** Its runtime API. */
  Path socket() {
    return socket;
  }

  /** Where clients go. */
  InetSocketAddress address() {
    return address;
  }

  @Override
  public void close() {
    child.close();
  }
}
