package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** A group on its way out: its bytes, its parity, and where each shard is. */
public final class Outgoing {

  private final long id;
  private final ByteBuffer message;
  private final List<ByteBuffer> parity;
  private final CodeShape shape;
  private final int shardBytes;
  private final Fate[] fates;
  private final int[] lanes;
  private boolean complete;
  private long dueAt;

  Outgoing(long id, ByteBuffer message, List<ByteBuffer> parity, CodeShape shape) {
    this.id = id;
    this.message = message;
    this.parity = List.copyOf(parity);
    this.shape = shape;
    shardBytes = shape.shardBytes(message.remaining());
    fates = new Fate[shape.total()];
    Arrays.fill(fates, Fate.NOWHERE);
    lanes = new int[shape.total()];
  }

  /** Its number: groups are numbered through from 0 in the order in which they were sent. */
  public long id() {
    return id;
  }

  /** Data and parity shards. */
  public CodeShape shape() {
    return shape;
  }

  /** How long the message is. */
  public int messageBytes() {
    return message.remaining();
  }

  /** What travels of one shard; a data shard's padding stays at home. */
  public ByteBuffer shard(int index) {
    if (index >= shape.data()) {
      return parity.get(index - shape.data()).duplicate();
    }
    int from = Math.min(message.remaining(), index * shardBytes);
    int to = Math.min(message.remaining(), from + shardBytes);
    return message.slice(message.position() + from, to - from);
  }

  int shardBytes() {
    return shardBytes;
  }

  int shardBytes(int index) {
    return index >= shape.data()
        ? shardBytes
        : Math.clamp(messageBytes() - (long) index * shardBytes, 0, shardBytes);
  }

  Fate fate(int index) {
    return fates[index];
  }

  int lane(int index) {
    return lanes[index];
  }

  void moves(int index, Fate fate, int lane) {
    if (fates[index] == Fate.ARRIVED) {
      return;
    }
    fates[index] = fate;
    lanes[index] = lane;
  }

  long dueAt() {
    return dueAt;
  }

  void dueAt(long nanos) {
    dueAt = nanos;
  }

  boolean complete() {
    return complete;
  }

  void completed() {
    complete = true;
  }

  /** Where a shard is. */
  enum Fate {
    NOWHERE,
    QUEUED,
    FLYING,
    LOST,
    ARRIVED
  }
}
