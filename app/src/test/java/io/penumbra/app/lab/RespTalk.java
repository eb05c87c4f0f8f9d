package io.penumbra.app.lab;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A client of Redis that says one thing and waits for the answer. */
final class RespTalk implements AutoCloseable {

  private static final int PATIENCE_MILLIS = 60_000;

  private final Socket socket = new Socket();
  private final InputStream in;

  RespTalk(InetSocketAddress to) throws IOException {
    socket.connect(to, PATIENCE_MILLIS);
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  void set(String key, String value) throws IOException {
    if (!ask("SET", key, value).equals("OK")) {
      throw new IOException("not set: " + key);
    }
  }

  /** The value; empty if there is none. */
  String get(String key) throws IOException {
    return ask("GET", key);
  }

  private String ask(String... words) throws IOException {
    StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      request.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    socket.getOutputStream().write(request.toString().getBytes(ISO_8859_1));
    String line = line();
    if (!line.startsWith("$")) {
      return line.substring(1);
    }
    int length = Integer.parseInt(line.substring(1));
    if (length < 0) {
      return "";
    }
    byte[] value = in.readNBytes(length);
    line();
    return new String(value, ISO_8859_1);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("it closed the connection");
      }
      line.append((char) b);
    }
    return line.toString().strip();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
