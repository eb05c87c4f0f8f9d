package io.penumbra.adapter.traffic.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** An instance of a service: tells each client its name and keeps the connection. */
public final class NamedBackend implements AutoCloseable {

  private final ServerSocket socket;

  public NamedBackend(String name, String address, int port) throws IOException {
    socket = new ServerSocket();
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
    Thread.ofVirtual().start(() -> serve(name));
  }

  private void serve(String name) {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        client.getOutputStream().write((name + "\n").getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // A client that went away, or our own end.
        if (socket.isClosed()) {
          return;
        }
      }
    }
  }

  public int port() {
    return socket.getLocalPort();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
