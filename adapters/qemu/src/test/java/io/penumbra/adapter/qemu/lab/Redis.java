package io.penumbra.adapter.qemu.lab;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Asks a Redis, one question at a time (RESP, redis.io/docs/reference/protocol-spec). */
public final class Redis implements AutoCloseable {

  private final Socket socket;
  private final InputStream in;

  private Redis(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Tries until it answers. */
  public static Redis at(int port, Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    String last = "";
    while (System.nanoTime() < until) {
      try {
        Socket socket = new Socket();
        try {
          socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
          socket.setSoTimeout(2000);
          Redis redis = new Redis(socket);
          if (redis.ask("PING").equals("PONG")) {
            socket.setSoTimeout((int) timeout.toMillis());
            return redis;
          }
        } catch (IOException e) {
          socket.close();
          throw e;
        }
      } catch (IOException e) {
        last = String.valueOf(e.getMessage());
        LockSupport.parkNanos(2_000_000);
      }
    }
    throw new IllegalStateException(
        "no Redis at port %d within %s: %s".formatted(port, timeout, last));
  }

  /** The answer as text; a list of answers is not expected. */
  public String ask(String... words) throws IOException {
    StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      request.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
    String line = line();
    if (line.startsWith("$")) {
      int length = Integer.parseInt(line.substring(1));
      return length < 0
          ? ""
          : new String(in.readNBytes(length + 2), 0, length, StandardCharsets.ISO_8859_1);
    }
    return line.substring(1);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int next = in.read();
    while (next != '\r') {
      if (next < 0) {
        throw new EOFException("the connection was closed");
      }
      line.append((char) next);
      next = in.read();
    }
    if (in.read() != '\n') {
      throw new IOException("a line without end: " + line);
    }
    return line.toString();
  }

  /** How many keys it has. */
  public int keys() throws IOException {
    return Integer.parseInt(ask("DBSIZE"));
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
