package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A real BIND with one zone, which may be changed by whoever has the key (RFC 2136, RFC 8945). */
final class NamedProcess implements AutoCloseable {

  static final String ZONE = "lab.penumbra.test";
  static final String KEY_NAME = "penumbra";

  private final Child child;
  private final InetSocketAddress address;

  private NamedProcess(Child child, InetSocketAddress address) {
    this.child = child;
    this.address = address;
  }

  /**
   * Starts it.
   *
   * @param secret of its key, in base64
   */
  static NamedProcess start(Path directory, String secret) throws InterruptedException {
    try {
      Files.createDirectories(directory);
      InetSocketAddress address =
          new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), HaproxyProcess.freePort());
      Path config = directory.resolve("named.conf");
      Files.writeString(directory.resolve("zone"), zone());
      Files.writeString(config, config(directory, address.getPort(), secret));
      Child child =
          Child.start(
              "named",
              directory,
              Map.of(),
              List.of("named", "-g", "-4", "-n", "1", "-c", config.toString()));
      child.awaitReady(() -> answers(address), "apt-get install bind9");
      return new NamedProcess(child, address);
    } catch (IOException e) {
      throw new BadInputException(directory.toString(), "can't be used: " + e.getMessage(), "", e);
    }
  }

  private static String config(Path directory, int port, String secret) {
    return """
    key "%s" { algorithm hmac-sha256; secret "%s"; };
    options {
      directory "%s"; pid-file none; session-keyfile "%s/session.key";
      listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
      recursion no; dnssec-validation no; notify no; allow-query { any; };
    };
    controls { };
    zone "%s" { type primary; file "zone"; update-policy { grant %s zonesub any; }; };
    """
        .formatted(KEY_NAME, secret, directory, directory, port, ZONE, KEY_NAME);
  }

  private static String zone() {
    return """
    $TTL 5
    @ IN SOA ns root 1 60 60 600 5
    @ IN NS ns
    ns IN A 127.0.0.1
    """;
  }

  /** Asks for its version; any answer will do. */
  private static boolean answers(InetSocketAddress address) throws IOException {
    byte[] question = {0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1};
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(20);
      socket.connect(address);
      socket.send(new DatagramPacket(question, question.length));
      socket.receive(new DatagramPacket(new byte[512], 512));
      return true;
    } catch (SocketTimeoutException | PortUnreachableException e) {
      return false;
    }
  }

  InetSocketAddress address() {
    return address;
  }

  @Override
  public void close() {
    child.close();
  }
}
