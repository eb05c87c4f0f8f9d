package io.penumbra.adapter.traffic.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A service that says OK to everything, or nothing at all, like a guest that boots. */
final class PuppetService implements AutoCloseable {

  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Socket> connections = new CopyOnWriteArrayList<>();
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private volatile boolean mute;

  PuppetService(boolean mute) throws IOException {
    this.mute = mute;
    Thread.ofVirtual().start(this::accept);
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  void mute(boolean now) {
    mute = now;
  }

  /** Everything that came, connection by connection. */
  List<String> heard() {
    return heard;
  }

  int connections() {
    return connections.size();
  }

  /** Answers once to everybody who is connected. */
  void answerAll() throws IOException {
    for (Socket connection : connections) {
      connection.getOutputStream().write("+OK\r\n".getBytes(ISO_8859_1));
    }
  }

  /** Closes every connection, and listens on. */
  void hangUp() throws IOException {
    for (Socket connection : connections) {
      connection.close();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = listener.accept();
        connections.add(connection);
        Thread.ofVirtual().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // Closed: the test is over.
      mute = true;
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      byte[] buffer = new byte[4_096];
      for (int count = connection.getInputStream().read(buffer);
          count >= 0;
          count = connection.getInputStream().read(buffer)) {
        String text = new String(buffer, 0, count, ISO_8859_1);
        heard.add(text);
        if (!mute) {
          int commands = (int) text.chars().filter(c -> c == '*').count();
          connection.getOutputStream().write("+OK\r\n".repeat(commands).getBytes(ISO_8859_1));
        }
      }
    } catch (IOException e) {
      // The gateway has gone: nothing is owed any more.
      heard.add("gone");
    } finally {
      connections.remove(connection);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket connection : connections) {
      connection.close();
    }
  }
}
