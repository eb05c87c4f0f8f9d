package io.penumbra.adapter.traffic.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A small client of Redis. */
final class RespClient implements AutoCloseable {

  private final Socket socket = new Socket();
  private final InputStream in;

  RespClient(InetSocketAddress to) throws IOException {
    socket.connect(to, 20_000);
    socket.setSoTimeout(120_000);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  static String command(String... words) {
    StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    return text.toString();
  }

  void send(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
  }

  /** Sends no more, and goes on listening. */
  void finish() throws IOException {
    socket.shutdownOutput();
  }

  String ask(String... words) throws IOException {
    send(command(words));
    return answer();
  }

  /** One answer; arrays are joined by blanks, errors begin with a dash. */
  String answer() throws IOException {
    int type = in.read();
    String line = line();
    return switch (type) {
      case '+', ':' -> line;
      case '-' -> "-" + line;
      case '$' -> {
        int length = Integer.parseInt(line);
        if (length < 0) {
          yield "nil";
        }
        String body = new String(in.readNBytes(length), ISO_8859_1);
        line();
        yield body;
      }
      case '*' -> {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < Integer.parseInt(line); i++) {
          all.append(i == 0 ? "" : " ").append(answer());
        }
        yield all.toString();
      }
      case -1 -> throw new EOFException("closed");
      default -> throw new IOException("type " + type);
    };
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("closed");
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
