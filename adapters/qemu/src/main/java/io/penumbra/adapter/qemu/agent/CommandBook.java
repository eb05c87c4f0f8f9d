package io.penumbra.adapter.qemu.agent;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Which commands were carried out, and with what outcome: the same id again is answered with the
 * same outcome and does nothing, also after a restart. What was not carried out may be tried again
 * under its id. An id that comes while its command is being carried out waits for that outcome.
 *
 * <p>A file with one line per outcome, written before the outcome is told, so that it outlives this
 * process; guests don't outlive the machine either. The newest {@value #REMEMBERED} are kept.
 */
final class CommandBook implements AutoCloseable {

  static final int REMEMBERED = 4_000;

  /** One line of the file. */
  record Line(CommandId id, Outcome outcome) {}

  private final Path file;
  private final Map<CommandId, Outcome> outcomes = new LinkedHashMap<>();
  private final Map<CommandId, CompletableFuture<Outcome>> running = new LinkedHashMap<>();
  private FileChannel channel;
  private int lines;

  private CommandBook(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static CommandBook open(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    List<String> before = Files.exists(file) ? Files.readAllLines(file) : List.of();
    CommandBook book = new CommandBook(file, FileChannel.open(file, CREATE, WRITE, APPEND));
    for (String text : before) {
      book.remember(text);
    }
    book.rewrite();
    return book;
  }

  /** A line that a crash cut off speaks of an outcome that nobody was told. */
  private void remember(String text) {
    try {
      Line line = AgentJson.read(text.getBytes(StandardCharsets.UTF_8), Line.class);
      outcomes.put(line.id(), line.outcome());
    } catch (IOException torn) {
      lines++;
    }
  }

  private void rewrite() throws IOException {
    StringBuilder all = new StringBuilder();
    outcomes.forEach((id, outcome) -> all.append(text(id, outcome)));
    DurableFile.replace(file, all.toString().getBytes(StandardCharsets.UTF_8));
    channel.close();
    channel = FileChannel.open(file, CREATE, WRITE, APPEND);
    lines = outcomes.size();
  }

  private static String text(CommandId id, Outcome outcome) {
    return new String(AgentJson.write(new Line(id, outcome)), StandardCharsets.UTF_8) + "\n";
  }

  /** The outcome of that command: known, being waited for, or found by doing the work. */
  Outcome once(CommandId id, Supplier<Outcome> work) {
    CompletableFuture<Outcome> mine = new CompletableFuture<>();
    Optional<CompletableFuture<Outcome>> other;
    synchronized (this) {
      Outcome known = outcomes.get(id);
      if (known != null) {
        return known;
      }
      other = Optional.ofNullable(running.putIfAbsent(id, mine));
    }
    return other.isPresent() ? other.get().join() : carryOut(id, work, mine);
  }

  private Outcome carryOut(
      CommandId id, Supplier<Outcome> work, CompletableFuture<Outcome> waiting) {
    Outcome outcome = new Outcome.Unknown("it broke off");
    try {
      outcome = work.get();
      keep(id, outcome);
      return outcome;
    } finally {
      synchronized (this) {
        running.remove(id);
      }
      waiting.complete(outcome);
    }
  }

  private synchronized void keep(CommandId id, Outcome outcome) {
    if (!isFinal(outcome)) {
      return;
    }
    outcomes.put(id, outcome);
    try {
      ByteBuffer line = ByteBuffer.wrap(text(id, outcome).getBytes(StandardCharsets.UTF_8));
      while (line.hasRemaining()) {
        channel.write(line);
      }
      if (++lines > 2 * REMEMBERED) {
        var oldest = outcomes.entrySet().iterator();
        for (int surplus = outcomes.size() - REMEMBERED; surplus > 0; surplus--) {
          oldest.next();
          oldest.remove();
        }
        rewrite();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  /** What was not carried out may be carried out when the same command comes again. */
  static boolean isFinal(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Done() -> true;
      case Outcome.Synced synced -> synced.verified();
      case Outcome.FencingAnswered(FencingResult result) -> result instanceof FencingResult.Fenced;
      case Outcome.Failed failed -> false;
      case Outcome.Unknown unknown -> false;
      case Outcome.HostProbed probed -> false;
    };
  }

  @Override
  public synchronized void close() throws IOException {
    channel.close();
  }
}
