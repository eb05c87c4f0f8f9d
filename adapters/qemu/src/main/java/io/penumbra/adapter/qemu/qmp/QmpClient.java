package io.penumbra.adapter.qemu.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * Speaks with one QEMU over its monitor socket. Commands may come from several threads and are
 * carried out in the order in which they were sent. A connection that breaks fails what is under
 * way as unknown; the next command connects anew, once. QEMU listens to one client at a time.
 */
public final class QmpClient implements AutoCloseable {

  /** Long enough for a command that does nothing but answer, on a machine that is busy. */
  public static final Duration USUAL = Duration.ofSeconds(10);

  private static final Duration CONNECT_PAUSE = Duration.ofMillis(5);

  private final Path socket;
  private final List<EventWatch> watches = new CopyOnWriteArrayList<>();
  private volatile boolean still;
  private final List<Runnable> onClosed = new CopyOnWriteArrayList<>();
  private Optional<QmpConnection> connection = Optional.empty();
  private boolean closed;

  private QmpClient(Path socket) {
    this.socket = socket;
  }

  /** Connects; tries until the time-out, since a QEMU that has just started may not listen yet. */
  public static Reply<QmpClient> connect(Path socket, Duration timeout) {
    QmpClient client = new QmpClient(socket);
    long until = System.nanoTime() + timeout.toNanos();
    while (true) {
      Reply<QmpConnection> attempt = client.connection(timeout);
      if (attempt.isDone()) {
        return Reply.done(client);
      }
      if (System.nanoTime() >= until || Thread.currentThread().isInterrupted()) {
        return attempt.then(_ -> Reply.done(client));
      }
      LockSupport.parkNanos(CONNECT_PAUSE.toNanos());
    }
  }

  /** Where it speaks. */
  public Path socket() {
    return socket;
  }

  /**
   * Whether QEMU has said last, of those two, that its guest was stopped and not that it goes on.
   */
  public boolean saidStopped() {
    return still;
  }

  /** Whether a connection stands, as far as one knows. */
  public synchronized boolean isConnected() {
    return connection.isPresent() && connection.get().isOpen();
  }

  /** Called, on a thread of the connection, each time it breaks without having been closed here. */
  public void onClosed(Runnable action) {
    onClosed.add(action);
  }

  /** Events of this name from now on. */
  public EventWatch watch(String event) {
    EventWatch watch = new EventWatch(event, watches::remove);
    watches.add(watch);
    return watch;
  }

  /** Carries out a command without arguments. */
  public Reply<JsonNode> execute(String command) {
    return execute(QmpCommand.of(command), USUAL);
  }

  /** Carries out a command; its value is what QEMU returned. */
  public Reply<JsonNode> execute(QmpCommand command, Duration timeout) {
    return executeTogether(List.of(command), timeout).getFirst();
  }

  /** Carries out a command and forgets what it returned. */
  public Reply<JsonNode> execute(QmpCommand command) {
    return execute(command, USUAL);
  }

  /** Sends several commands in one go; each is carried out, also when one before it is refused. */
  public List<Reply<JsonNode>> executeTogether(List<QmpCommand> commands, Duration timeout) {
    return switch (connection(timeout)) {
      case Reply.Done<QmpConnection>(QmpConnection open) -> open.execute(commands, timeout);
      case Reply.Refused<QmpConnection>(String reason) -> same(commands, Reply.refused(reason));
      case Reply.Unknown<QmpConnection>(String reason) -> same(commands, Reply.unknown(reason));
    };
  }

  private static List<Reply<JsonNode>> same(List<QmpCommand> commands, Reply<JsonNode> reply) {
    List<Reply<JsonNode>> replies = new ArrayList<>();
    commands.forEach(_ -> replies.add(reply));
    return replies;
  }

  /** A line of the human monitor, for what has no command of its own; the value is its output. */
  public Reply<String> monitor(String line) {
    return execute(monitorLine(line)).map(JsonNode::asText);
  }

  /** The command that {@link #monitor} gives; what comes of it is text. */
  public static QmpCommand monitorLine(String line) {
    return QmpCommand.of("human-monitor-command").with("command-line", line);
  }

  private synchronized Reply<QmpConnection> connection(Duration timeout) {
    if (closed) {
      return Reply.refused(socket + " was closed here");
    }
    if (connection.isPresent() && connection.get().isOpen()) {
      return Reply.done(connection.get());
    }
    connection = Optional.empty();
    try {
      QmpConnection opened =
          QmpConnection.open(
              UnixDomainSocketAddress.of(socket), timeout, this::happened, this::broke);
      connection = Optional.of(opened);
      return Reply.done(opened);
    } catch (IOException | IllegalArgumentException e) {
      return Reply.refused("%s: %s".formatted(socket, e.getMessage()));
    }
  }

  private void happened(QmpEvent event) {
    switch (event.name()) {
      case "STOP" -> still = true;
      case "RESUME" -> still = false;
      default -> {}
    }
    watches.forEach(watch -> watch.offer(event));
  }

  private void broke() {
    watches.forEach(EventWatch::end);
    onClosed.forEach(Runnable::run);
  }

  @Override
  public void close() {
    Optional<QmpConnection> last;
    synchronized (this) {
      closed = true;
      last = connection;
      connection = Optional.empty();
    }
    last.ifPresent(QmpConnection::close);
    watches.forEach(EventWatch::end);
  }
}
