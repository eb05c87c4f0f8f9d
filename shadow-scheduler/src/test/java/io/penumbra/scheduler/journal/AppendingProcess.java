package io.penumbra.scheduler.journal;

import io.penumbra.scheduler.journal.JournalOpening.Opened;
import io.penumbra.scheduler.journal.JournalOpening.Refused;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A controller in a process of its own, so that it can be killed: it appends batches of {@link
 * #BATCH} entries for ever and says after each how many are durable.
 */
final class AppendingProcess implements AutoCloseable {

  static final int BATCH = 3;

  private final Process process;
  private final BufferedReader lines;

  private AppendingProcess(Process process) {
    this.process = process;
    this.lines = process.inputReader();
  }

  /**
   * Starts it.
   *
   * @param haltAfter entries after which it halts itself, in the middle of whatever comes next
   */
  static AppendingProcess start(String url, long haltAfter) throws IOException {
    return new AppendingProcess(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                AppendingProcess.class.getName(),
                url,
                Long.toString(haltAfter))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /** How many entries it has said are durable, once there are at least this many, or it is dead. */
  int acknowledged(int atLeast) {
    int acknowledged = 0;
    try {
      while (acknowledged < atLeast) {
        String line = lines.readLine();
        if (line == null) {
          return acknowledged;
        }
        acknowledged = Integer.parseInt(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return acknowledged;
  }

  /** Kills it as the kernel would, and returns the last number it had time to say. */
  int kill(int acknowledged) throws InterruptedException {
    // Through the handle: Process.destroyForcibly would close the pipe with what is still in it.
    process.toHandle().destroyForcibly();
    int last = Math.max(acknowledged, acknowledged(Integer.MAX_VALUE));
    process.waitFor();
    return last;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Runs in the process. */
  public static void main(String[] arguments) {
    JournalOpening opening = JdbcJournal.open(arguments[0]);
    switch (opening) {
      case Opened(JdbcJournal journal) -> appendForEver(journal, Integer.parseInt(arguments[1]));
      case Refused refused -> throw new IllegalStateException(refused.message());
    }
  }

  private static void appendForEver(JdbcJournal journal, int haltAfter) {
    Thread.ofPlatform().daemon().start(() -> haltSoonAfter(haltAfter));
    for (int from = 0; ; from += BATCH) {
      journal.append(JournalContract.entries(from, from + BATCH));
      appended = from + BATCH;
      System.out.println(appended);
    }
  }

  private static volatile int appended;

  private static void haltSoonAfter(int entries) {
    while (appended < entries) {
      Thread.onSpinWait();
    }
    Runtime.getRuntime().halt(9);
  }

  /**
   * What must be there afterwards: all that was acknowledged, and at most one batch more, whole.
   */
  static List<Integer> plausibleSizes(int acknowledged) {
    return List.of(acknowledged, acknowledged + BATCH);
  }
}
