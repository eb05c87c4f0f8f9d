package io.penumbra.scheduler.loop;

import io.penumbra.scheduler.journal.InMemoryJournal;
import io.penumbra.scheduler.port.Journal;
import java.util.List;
import java.util.function.Consumer;

/** A journal whose process dies at one append: just before it is durable, or just after. */
final class CrashingJournal implements Journal {

  /** The end of a process. */
  static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1;

    Crash(String when) {
      super(when);
    }
  }

  private final InMemoryJournal kept = new InMemoryJournal();
  private final boolean durable;
  private int crashAt = Integer.MAX_VALUE;
  int appends;

  CrashingJournal(boolean durable) {
    this.durable = durable;
  }

  /** Dies at the n-th append from now on, once. */
  void crashAtAppend(int n) {
    crashAt = appends + n;
  }

  boolean hasCrashed() {
    return crashAt == Integer.MAX_VALUE;
  }

  @Override
  public void append(List<Entry> entries) {
    appends++;
    boolean now = appends == crashAt;
    if (!now || durable) {
      kept.append(entries);
    }
    if (now) {
      crashAt = Integer.MAX_VALUE;
      throw new Crash("append " + appends + (durable ? ", durable" : ", torn"));
    }
  }

  @Override
  public void replay(Consumer<Entry> consumer) {
    kept.replay(consumer);
  }

  @Override
  public void rewrite(List<Entry> entries) {
    kept.rewrite(entries);
  }

  @Override
  public void close() {}
}
