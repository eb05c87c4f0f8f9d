package io.penumbra.adapter.qemu.cloud;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** As much of a Redis client as a test needs. */
final class RedisClient implements AutoCloseable {

  /** On a machine that is busy an answer may take this long. */
  private static final int PATIENCE_MILLIS = 60_000;

  private static final int IMPATIENCE_MILLIS = 1_000;

  private final Socket socket;
  private final InputStream in;

  private RedisClient(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
  }

  /** One for a guest that is there. */
  static RedisClient to(int port) throws IOException {
    return to(port, PATIENCE_MILLIS);
  }

  /** One for a guest that may not be there, which gives up soon. */
  static RedisClient impatiently(int port) throws IOException {
    return to(port, IMPATIENCE_MILLIS);
  }

  private static RedisClient to(int port, int patienceMillis) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), patienceMillis);
      socket.setSoTimeout(patienceMillis);
      socket.setTcpNoDelay(true);
      return new RedisClient(socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** The first connection on which it answers. */
  static RedisClient await(int port, Duration most) throws IOException, InterruptedException {
    long until = System.nanoTime() + most.toNanos();
    while (true) {
      try {
        RedisClient redis = impatiently(port);
        if (redis.call("PING").equals("PONG")) {
          redis.socket.setSoTimeout(PATIENCE_MILLIS);
          return redis;
        }
        redis.close();
      } catch (IOException e) {
        if (System.nanoTime() > until) {
          throw e;
        }
      }
      Thread.sleep(3);
    }
  }

  void set(String key, String value) throws IOException {
    String said = call("SET", key, value);
    if (!said.equals("OK")) {
      throw new IOException("SET: " + said);
    }
  }

  String get(String key) throws IOException {
    return call("GET", key);
  }

  long size() throws IOException {
    return Long.parseLong(call("DBSIZE"));
  }

  String call(String... words) throws IOException {
    StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      request.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.US_ASCII));
    String head = line();
    if (head.startsWith("$")) {
      int bytes = Integer.parseInt(head.substring(1));
      String value = bytes < 0 ? "" : new String(in.readNBytes(bytes), StandardCharsets.US_ASCII);
      if (bytes >= 0) {
        line();
      }
      return value;
    }
    return head.substring(1);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int next = in.read();
    while (next != '\n') {
      if (next < 0) {
        throw new IOException("the connection was closed");
      }
      line.append((char) next);
      next = in.read();
    }
    return line.toString().strip();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
