package io.penumbra.benchmarks;

import io.penumbra.scheduler.journal.JdbcJournal;
import io.penumbra.scheduler.journal.JournalOpening;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.Journal.Entry;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * How fast a journal makes entries of 500 bytes durable, one commit after the other: first one
 * entry to a commit, as a quiet loop writes them, then 32, as a busy loop does. Leaves the journal
 * empty.
 *
 * <pre>
 * java -cp ... io.penumbra.benchmarks.JournalCommits jdbc:sqlite:/tmp/bench.db
 * </pre>
 */
public final class JournalCommits {

  private static final int COMMITS = 5_000;
  private static final Entry ENTRY =
      new Entry(
          Instant.parse("2026-11-21T03:00:00.123456Z"),
          "saga-step-started",
          "vm-000123",
          "{\"detail\":\"" + "x".repeat(440) + "\"}");

  private JournalCommits() {}

  /** Runs it on the journal with the given URL. */
  public static void main(String... arguments) {
    if (arguments.length != 1) {
      throw new IllegalArgumentException("expected one argument, the journal's JDBC URL");
    }
    switch (JdbcJournal.open(arguments[0])) {
      case JournalOpening.Opened(JdbcJournal journal) -> {
        try (journal) {
          measure(journal, 1);
          for (int entries : new int[] {1, 32}) {
            System.out.println(measure(journal, entries));
          }
          journal.rewrite(List.of());
        }
      }
      case JournalOpening.Refused refused -> throw new IllegalArgumentException(refused.message());
    }
  }

  private static String measure(Journal journal, int entries) {
    List<Entry> batch = Collections.nCopies(entries, ENTRY);
    long[] nanos = new long[COMMITS];
    long start = System.nanoTime();
    for (int i = 0; i < COMMITS; i++) {
      long before = System.nanoTime();
      journal.append(batch);
      nanos[i] = System.nanoTime() - before;
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Arrays.sort(nanos);
    return "%2d entries a commit: %,7.0f commits/s, %,9.0f entries/s, p50 %,d us, p99 %,d us"
        .formatted(
            entries,
            COMMITS / seconds,
            COMMITS * entries / seconds,
            nanos[COMMITS / 2] / 1_000,
            nanos[COMMITS * 99 / 100] / 1_000);
  }
}
