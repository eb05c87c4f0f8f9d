package io.penumbra.sync.path.wire;

import io.penumbra.sync.path.ShardLabel;
import io.penumbra.sync.path.Verdict;
import java.nio.ByteBuffer;

/** One thing said over a path. */
public sealed interface PathFrame {

  /**
   * The first frame in either direction: who speaks.
   *
   * @param link both ends were told the same number; another means a wrong address
   * @param incarnation the speaker's start: a later one has a higher number
   * @param path the path's number
   * @param messageBytesMax the longest message that the speaker takes
   * @param windowBytes messages that may be under way to the speaker and not read
   */
  record Hello(long link, long incarnation, int path, int messageBytesMax, int windowBytes)
      implements PathFrame {}

  /**
   * A piece of a message.
   *
   * @param sequence counts up on a connection; the ack names it
   */
  record Shard(long sequence, ShardLabel label, ByteBuffer payload) implements PathFrame {}

  /**
   * A piece whose bytes are not those that were sent; only its sequence is of use.
   *
   * @param sequence what the ack names
   */
  record Spoilt(long sequence) implements PathFrame {}

  /**
   * What became of a shard or a probe.
   *
   * @param heldNanos how long the speaker had it before it answered
   */
  record Ack(long sequence, Verdict verdict, long heldNanos) implements PathFrame {}

  /** What the speaker has; see {@link io.penumbra.sync.path.Dispatch#status}. */
  record Status(long readBelow, long completeBelow, long completeAbove) implements PathFrame {}

  /** Asks for an ack, so that silence means something. */
  record Probe(long sequence) implements PathFrame {}
}
