package io.penumbra.adapter.qemu.cloud;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A wire between two ends that can be cut: what is sent then arrives nowhere, and nobody is told.
 */
final class Relay implements AutoCloseable {

  private final ServerSocket server;
  private final String target;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  private Relay(ServerSocket server, String target) {
    this.server = server;
    this.target = target;
  }

  static Relay to(String target) throws IOException {
    Relay relay = new Relay(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
    Thread.ofVirtual().start(relay::accept);
    return relay;
  }

  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  void cut() {
    cut = true;
  }

  /** What was under way is lost with its connections. */
  void heal() {
    sockets.forEach(Relay::quietly);
    sockets.clear();
    cut = false;
  }

  private void accept() {
    try {
      while (true) {
        Socket from = server.accept();
        int colon = target.lastIndexOf(':');
        Socket to =
            new Socket(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)));
        from.setTcpNoDelay(true);
        to.setTcpNoDelay(true);
        sockets.add(from);
        sockets.add(to);
        Thread.ofVirtual().start(() -> pump(from, to));
        Thread.ofVirtual().start(() -> pump(to, from));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private void pump(Socket from, Socket to) {
    byte[] buffer = new byte[65_536];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int bytes = in.read(buffer);
      while (bytes >= 0) {
        if (!cut) {
          out.write(buffer, 0, bytes);
        }
        bytes = in.read(buffer);
      }
    } catch (IOException broken) {
      // the other direction ends as well
    }
    quietly(from);
    quietly(to);
  }

  private static void quietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    heal();
  }
}
