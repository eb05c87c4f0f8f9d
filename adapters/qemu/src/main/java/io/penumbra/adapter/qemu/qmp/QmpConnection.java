package io.penumbra.adapter.qemu.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** One connection from greeting to end. A thread reads; whoever asked waits for its answer. */
final class QmpConnection implements AutoCloseable {

  /** Longer than any answer of QEMU; what is longer is not QMP. */
  private static final int LINE_BYTES_MAX = 16 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final SocketChannel channel;
  private final Consumer<QmpEvent> onEvent;
  private final Runnable onBroken;
  private final Map<Long, CompletableFuture<Reply<JsonNode>>> waiting = new ConcurrentHashMap<>();
  private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
  private long lastId;
  private volatile boolean open = true;
  private volatile boolean closedHere;

  private QmpConnection(SocketChannel channel, Consumer<QmpEvent> onEvent, Runnable onBroken) {
    this.channel = channel;
    this.onEvent = onEvent;
    this.onBroken = onBroken;
  }

  static QmpConnection open(
      SocketAddress address, Duration timeout, Consumer<QmpEvent> onEvent, Runnable onBroken)
      throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    QmpConnection connection = new QmpConnection(channel, onEvent, onBroken);
    try {
      channel.connect(address);
      Thread.ofPlatform().daemon().name("qmp " + address).start(connection::read);
      connection.negotiate(timeout);
      return connection;
    } catch (IOException e) {
      connection.close();
      throw e;
    }
  }

  private void negotiate(Duration timeout) throws IOException {
    try {
      JsonNode first = greeting.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (!first.has("QMP")) {
        throw new IOException("greets with '%s'; expected a QMP greeting".formatted(first));
      }
    } catch (TimeoutException _) {
      throw new IOException(
          "sends no greeting within %s; maybe another client is connected".formatted(timeout));
    } catch (ExecutionException e) {
      throw new IOException("closed before the greeting", e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the greeting");
    }
    Reply<JsonNode> ready = execute(List.of(QmpCommand.of("qmp_capabilities")), timeout).getFirst();
    Optional<String> refusal = ready.refusal();
    if (refusal.isPresent()) {
      throw new IOException("capabilities: " + refusal.get());
    }
  }

  boolean isOpen() {
    return open;
  }

  List<Reply<JsonNode>> execute(List<QmpCommand> commands, Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    List<CompletableFuture<Reply<JsonNode>>> answers = new ArrayList<>();
    List<Long> ids = new ArrayList<>();
    send(commands, ids, answers);
    List<Reply<JsonNode>> replies = new ArrayList<>();
    for (int i = 0; i < commands.size(); i++) {
      replies.add(await(commands.get(i), answers.get(i), until, timeout));
      waiting.remove(ids.get(i));
    }
    return replies;
  }

  private synchronized void send(
      List<QmpCommand> commands, List<Long> ids, List<CompletableFuture<Reply<JsonNode>>> answers) {
    StringBuilder text = new StringBuilder();
    for (QmpCommand command : commands) {
      CompletableFuture<Reply<JsonNode>> answer = new CompletableFuture<>();
      long id = ++lastId;
      waiting.put(id, answer);
      ids.add(id);
      answers.add(answer);
      text.append(command.toJson(id)).append("\r\n");
    }
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      end("cannot be written to: " + e.getMessage());
    }
    if (!open) {
      // The reader may have ended between the look and the put.
      end("is closed");
    }
  }

  private static Reply<JsonNode> await(
      QmpCommand command, CompletableFuture<Reply<JsonNode>> answer, long until, Duration timeout) {
    try {
      return answer.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      return Reply.unknown("%s: no answer within %s".formatted(command, timeout));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Reply.unknown("%s: interrupted".formatted(command));
    } catch (ExecutionException e) {
      return Reply.unknown("%s: %s".formatted(command, e.getMessage()));
    }
  }

  private void read() {
    String why = "was closed by QEMU";
    try {
      LineReader lines = new LineReader(channel, LINE_BYTES_MAX);
      Optional<byte[]> line = lines.next();
      while (line.isPresent()) {
        heard(JSON.readTree(line.get()));
        line = lines.next();
      }
    } catch (IOException e) {
      why = "broke: " + e.getMessage();
    }
    end(why);
    // Also when a writer has met the end before us: this is the only place where it is told.
    if (!closedHere) {
      onBroken.run();
    }
  }

  private void heard(JsonNode message) {
    if (!greeting.isDone()) {
      greeting.complete(message);
    } else if (message.has("event")) {
      onEvent.accept(QmpEvent.of(message));
    } else {
      CompletableFuture<Reply<JsonNode>> answer = waiting.get(message.path("id").asLong());
      if (answer != null) {
        answer.complete(
            message.has("return")
                ? Reply.done(message.path("return"))
                : Reply.refused(message.path("error").path("desc").asText("no reason given")));
      }
    }
  }

  private void end(String why) {
    open = false;
    greeting.completeExceptionally(new IOException(why));
    waiting.values().forEach(answer -> answer.complete(Reply.unknown("the connection " + why)));
    try {
      channel.close();
    } catch (IOException _) {
      // It is of no more use either way.
    }
  }

  @Override
  public void close() {
    closedHere = true;
    end("was closed here");
  }
}
