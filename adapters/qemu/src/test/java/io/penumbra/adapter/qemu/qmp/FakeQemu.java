package io.penumbra.adapter.qemu.qmp;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/** Answers as a QEMU does, or as it should not. */
final class FakeQemu implements AutoCloseable {

  private final ServerSocketChannel server;
  private final Function<String, String> answer;
  private volatile Optional<SocketChannel> client = Optional.empty();
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile boolean deaf;
  private volatile String lastWords = "";

  /**
   * Listens.
   *
   * @param answer from a command's name to lines with {@code ID} for its id; empty for silence
   */
  FakeQemu(Path socket, Function<String, String> answer) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    this.answer = answer;
    Thread.ofPlatform().daemon().start(this::serve);
  }

  private void serve() {
    while (server.isOpen()) {
      try (SocketChannel accepted = server.accept()) {
        client = Optional.of(accepted);
        talk(accepted);
        if (deaf) {
          over.await();
        }
      } catch (IOException | InterruptedException _) {
        // It was closed, or the client has gone.
      }
    }
  }

  private void talk(SocketChannel accepted) throws IOException {
    say("{\"QMP\": {\"version\": {}, \"capabilities\": []}}");
    LineReader lines = new LineReader(accepted, 1 << 20);
    for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) {
      JsonNode asked = new ObjectMapper().readTree(line.get());
      String command = asked.path("execute").asText();
      if (command.equals(lastWords)) {
        accepted.shutdownOutput();
      }
      String said =
          command.equals("qmp_capabilities")
              ? "{\"return\": {}, \"id\": ID}"
              : answer.apply(command);
      if (!said.isEmpty()) {
        say(said.replace("ID", asked.path("id").asText()));
      }
    }
  }

  void say(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\r\n").getBytes(UTF_8));
    while (bytes.hasRemaining()) {
      client.orElseThrow().write(bytes);
    }
  }

  /** Who writes meets the end, and who reads does not yet. */
  void goDeaf() throws IOException {
    deaf = true;
    client.orElseThrow().shutdownInput();
  }

  /** Whoever has given that command waits for its answer, and hears the end. */
  void hangUpWhenTold(String command) {
    lastWords = command;
  }

  @Override
  public void close() throws IOException {
    over.countDown();
    server.close();
    if (client.isPresent()) {
      client.get().close();
    }
  }
}
