package io.penumbra.app.lab;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process that the lab has started, and ends by its number. */
final class Child implements AutoCloseable {

  private static final int LAST_WORDS = 800;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String name;
  private final Process process;
  private final Path log;

  private Child(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /** Starts it; what it says goes to its log. */
  static Child start(
      String name, Path directory, Map<String, String> environment, List<String> words) {
    Path log = directory.resolve(name + ".log");
    try {
      Files.createDirectories(directory);
      ProcessBuilder builder =
          new ProcessBuilder(words)
              .directory(directory.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder.environment().putAll(environment);
      return new Child(name, builder.start(), log);
    } catch (IOException e) {
      throw new BadInputException(
          words.getFirst(), "can't be run: " + e.getMessage(), "see: penumbra doctor", e);
    }
  }

  String name() {
    return name;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** What tells that it is ready. */
  interface Sign {

    boolean seen() throws IOException;
  }

  /**
   * Waits until it is ready, however slow the machine is.
   *
   * @throws BadInputException with its last words, if it has ended instead or is not ready after a
   *     minute; it is ended then
   */
  void awaitReady(Sign ready, String tryThis) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!ready.seen()) {
      boolean ended = !process.isAlive();
      if (ended || System.nanoTime() > end) {
        String how = ended ? "ended at once" : "not ready after " + PATIENCE.toSeconds() + " s";
        String said = lastWords();
        close();
        throw new BadInputException(name, "did not start (" + how + "): " + said, tryThis);
      }
      Thread.sleep(10);
    }
  }

  /** What it has said, and says. */
  Path log() {
    return log;
  }

  /** Whether that stands anywhere in what it has said. */
  boolean hasSaid(String words) {
    try {
      return Files.readString(log).contains(words);
    } catch (IOException e) {
      return false;
    }
  }

  /** The end of what it has said. */
  String lastWords() {
    try {
      String said = Files.readString(log);
      return said.substring(Math.max(0, said.length() - LAST_WORDS)).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** {@code kill -9}, and waits until it is gone. */
  void kill() {
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Asks it to end, and ends it if it doesn't. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      kill();
      Thread.currentThread().interrupt();
    }
  }
}
