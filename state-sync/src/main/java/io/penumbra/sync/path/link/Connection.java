package io.penumbra.sync.path.link;

import io.penumbra.sync.path.wire.PathFrame;
import java.io.IOException;

/** Frames go over it whole and in order until it breaks. One thread writes, another reads. */
public interface Connection extends AutoCloseable {

  /** Writes a frame; waits while the path takes no more. */
  default void write(PathFrame frame) throws IOException {
    write(frame, false);
  }

  /**
   * Writes a frame; waits while the path takes no more.
   *
   * @param more whether another follows at once: then this one may wait for it
   */
  void write(PathFrame frame, boolean more) throws IOException;

  /** Waits for the next frame. A shard's payload is valid until the next call. */
  PathFrame read() throws IOException;

  /** Breaks it off; whoever reads or writes gets an exception. */
  @Override
  void close();

  /** The two ends, for messages to people. */
  @Override
  String toString();
}
