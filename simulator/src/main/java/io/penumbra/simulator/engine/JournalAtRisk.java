package io.penumbra.simulator.engine;

import io.penumbra.scheduler.journal.InMemoryJournal;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.simulator.check.NothingSecretInLogs;
import java.util.List;
import java.util.function.Consumer;

/** A journal on which the process can die, and whose every line is read by a checker. */
final class JournalAtRisk implements Journal {

  private final InMemoryJournal durable;
  private final CrashPoints crashes;
  private final NothingSecretInLogs reader;

  JournalAtRisk(InMemoryJournal durable, CrashPoints crashes, NothingSecretInLogs reader) {
    this.durable = durable;
    this.crashes = crashes;
    this.reader = reader;
  }

  @Override
  public void append(List<Entry> entries) {
    for (Entry entry : entries) {
      reader.written("journal entry " + entry.kind(), entry.body());
    }
    crashes.pass("before an append");
    durable.append(entries);
    try {
      crashes.pass("after an append");
    } catch (SimulatedCrash crash) {
      if (crashes.tears()) {
        durable.tearLast();
      }
      throw crash;
    }
  }

  @Override
  public void replay(Consumer<Entry> consumer) {
    durable.replay(consumer);
  }

  @Override
  public void rewrite(List<Entry> entries) {
    crashes.pass("before a compaction");
    durable.rewrite(entries);
    crashes.pass("after a compaction");
  }

  @Override
  public void close() {}
}
