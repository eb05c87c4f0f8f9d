package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;
import io.penumbra.sync.erasure.Rebuild;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The receiving end: puts shards together to messages and hands these out in the order in which
 * they were sent. Memory is bounded: a shard of a group outside the window is refused, and so is
 * one that would start more bytes than the window has; the group that the reader waits for is
 * always let in.
 *
 * <p>Owned by one thread at a time.
 */
public final class Reassembly {

  /** Groups beyond the one that the reader waits for; as many as a status can tell of. */
  public static final int GROUPS_MAX = Long.SIZE;

  private final GroupCoder coder;
  private final int messageBytesMax;
  private final long windowBytes;
  private final SortedMap<Long, Incoming> groups = new TreeMap<>();
  private long heldBytes;
  private long readBelow;
  private long duplicates;
  private long refused;
  private long rebuilt;
  private long joined;
  private long joinNanos;
  private long bytes;

  public Reassembly(GroupCoder coder, int messageBytesMax, long windowBytes) {
    this.coder = coder;
    this.messageBytesMax = messageBytesMax;
    this.windowBytes = windowBytes;
  }

  /** Takes in a shard whose bytes are those that were sent. */
  public Taken take(ShardLabel label, ByteBuffer payload, long now) {
    if (label.group() < readBelow) {
      duplicates++;
      return new Taken(Verdict.ARRIVED, false);
    }
    Incoming group = groups.get(label.group());
    if (group == null) {
      if (!mayStart(label)) {
        return refuse();
      }
      group = new Incoming(label.shape(), label.messageBytes(), now);
      groups.put(label.group(), group);
      heldBytes += label.messageBytes();
    }
    if (!group.fits(label, payload.remaining())) {
      return refuse();
    }
    if (group.complete || group.has(label.index())) {
      duplicates++;
      return new Taken(Verdict.ARRIVED, false);
    }
    group.put(label.index(), payload);
    if (group.enough()) {
      finish(group);
      joined++;
      joinNanos += now - group.since;
      bytes += group.message.length;
    }
    return new Taken(Verdict.ARRIVED, group.complete);
  }

  private boolean mayStart(ShardLabel label) {
    boolean awaited = label.group() == readBelow;
    return label.messageBytes() <= messageBytesMax
        && label.group() - readBelow < GROUPS_MAX
        && (awaited || heldBytes + label.messageBytes() <= windowBytes);
  }

  private Taken refuse() {
    refused++;
    return new Taken(Verdict.REFUSED, false);
  }

  private void finish(Incoming group) {
    rebuilt +=
        switch (coder.rebuild(group.message, group.shape, group.present, group.parity)) {
          case Rebuild.Rebuilt(int shards) -> shards;
          case Rebuild.TooFew(int present, int needed) ->
              throw new IllegalStateException(
                  "%d shards were counted as enough, but %d are needed".formatted(present, needed));
        };
    group.complete = true;
    group.parity.clear();
  }

  /**
   * The next message in order, if it is complete; it counts as read when asked for the one after.
   */
  public Optional<ByteBuffer> poll() {
    Incoming next = groups.get(readBelow);
    if (next == null || !next.complete) {
      return Optional.empty();
    }
    return Optional.of(ByteBuffer.wrap(next.message));
  }

  /** The message that was polled has been dealt with: its room is free. */
  public void read() {
    Incoming done = groups.remove(readBelow);
    if (done == null || !done.complete) {
      throw new IllegalStateException("group %d was read before it was there".formatted(readBelow));
    }
    heldBytes -= done.message.length;
    readBelow++;
  }

  /** All groups below this number have been read. */
  public long readBelow() {
    return readBelow;
  }

  /** All groups below this number are complete. */
  public long completeBelow() {
    long number = readBelow;
    while (complete(number)) {
      number++;
    }
    return number;
  }

  /** Bit i says whether the i-th group from {@link #completeBelow} on is complete. */
  public long completeAbove() {
    long from = completeBelow();
    long bits = 0;
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if (complete(from + bit)) {
        bits |= 1L << bit;
      }
    }
    return bits;
  }

  private boolean complete(long number) {
    Incoming group = groups.get(number);
    return group != null && group.complete;
  }

  /** Bytes of messages that are being put together or wait for the reader. */
  public long heldBytes() {
    return heldBytes;
  }

  /** What has come in so far. */
  public Counts counts() {
    return new Counts(readBelow, duplicates, refused, rebuilt, joined, joinNanos, bytes);
  }

  /**
   * What has come in.
   *
   * @param messages read
   * @param duplicates shards that were there already, or not needed any more
   * @param refused shards that had no room or did not fit their group
   * @param rebuilt data shards that were computed from parity
   * @param joined messages that became whole
   * @param joinNanos from the first shard of each to the last that was needed, all told
   * @param bytes of these messages
   */
  public record Counts(
      long messages,
      long duplicates,
      long refused,
      long rebuilt,
      long joined,
      long joinNanos,
      long bytes) {}

  /**
   * What became of a shard.
   *
   * @param completed whether it made its group complete
   */
  public record Taken(Verdict verdict, boolean completed) {}

  /** A message while its shards come in. */
  private static final class Incoming {

    private final CodeShape shape;
    private final byte[] message;
    private final int shardBytes;

    /** Data shards that are in the message. */
    private final BitSet present = new BitSet();

    private final SortedMap<Integer, byte[]> parity = new TreeMap<>();
    private final long since;
    private boolean complete;

    Incoming(CodeShape shape, int messageBytes, long since) {
      this.shape = shape;
      this.since = since;
      message = new byte[messageBytes];
      shardBytes = shape.shardBytes(messageBytes);
    }

    boolean fits(ShardLabel label, int payloadBytes) {
      return label.shape().equals(shape)
          && label.messageBytes() == message.length
          && payloadBytes == label.payloadBytes();
    }

    boolean has(int index) {
      return index < shape.data() ? present.get(index) : parity.containsKey(index);
    }

    void put(int index, ByteBuffer payload) {
      if (index < shape.data()) {
        payload.get(
            payload.position(),
            message,
            Math.min(message.length, index * shardBytes),
            payload.remaining());
        present.set(index);
      } else {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(payload.position(), bytes);
        parity.put(index, bytes);
      }
    }

    boolean enough() {
      return present.cardinality() + parity.size() >= shape.data();
    }
  }
}
