package io.penumbra.scheduler.port;

import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/**
 * What the control loop has decided and done, in order. When {@link #append} returns, the entries
 * survive a crash of this process and of its machine, or it has thrown.
 */
public interface Journal extends AutoCloseable {

  /** Makes entries durable together, or none of them. */
  void append(List<Entry> entries);

  /** Gives every durable entry to the consumer, oldest first. */
  void replay(Consumer<Entry> consumer);

  /** Replaces everything before by these entries, atomically: a compaction. */
  void rewrite(List<Entry> entries);

  @Override
  void close();

  /**
   * One durable line.
   *
   * @param kind what the body is, for example {@code saga-step-started}
   * @param key what it is about, for example a saga's id
   * @param body JSON
   */
  record Entry(Instant at, String kind, String key, String body) {}
}
