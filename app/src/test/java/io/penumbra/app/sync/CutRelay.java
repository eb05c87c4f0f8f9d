package io.penumbra.app.sync;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A network path that can be cut: takes connections and passes bytes on, until it doesn't. */
final class CutRelay implements AutoCloseable {

  private final ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final int target;

  CutRelay(int target) throws IOException {
    this.target = target;
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket here = server.accept();
        sockets.add(here);
        try {
          Socket there = new Socket(InetAddress.getLoopbackAddress(), target);
          sockets.add(there);
          Thread.ofVirtual().start(() -> pump(here, there));
          Thread.ofVirtual().start(() -> pump(there, here));
        } catch (IOException e) {
          // The receiver is down just now; so is this connection.
          here.close();
        }
      }
    } catch (IOException e) {
      // Cut.
    }
  }

  private static void pump(Socket from, Socket to) {
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      in.transferTo(out);
    } catch (IOException e) {
      // Either end is gone; both are closed now.
    }
  }

  @Override
  public void close() throws IOException {
    cut();
  }

  /** From now on nothing passes. */
  void cut() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
