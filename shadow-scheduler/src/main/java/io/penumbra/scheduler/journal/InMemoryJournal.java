package io.penumbra.scheduler.journal;

import io.penumbra.scheduler.port.Journal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A journal for simulations and tests. It outlives the loop that writes it, so a crash is played by
 * throwing the loop away and starting another one on the same journal; {@link #tearLast} plays a
 * crash in the middle of an append.
 */
public final class InMemoryJournal implements Journal {

  private List<Entry> entries = new ArrayList<>();
  private int lastAppend;

  @Override
  public void append(List<Entry> added) {
    entries.addAll(added);
    lastAppend = added.size();
  }

  @Override
  public void replay(Consumer<Entry> consumer) {
    List.copyOf(entries).forEach(consumer);
  }

  @Override
  public void rewrite(List<Entry> replacement) {
    entries = new ArrayList<>(replacement);
    lastAppend = 0;
  }

  /** Takes the last append back, whole: entries become durable together or not at all. */
  public void tearLast() {
    entries.subList(entries.size() - lastAppend, entries.size()).clear();
    lastAppend = 0;
  }

  public int size() {
    return entries.size();
  }

  @Override
  public void close() {}
}
