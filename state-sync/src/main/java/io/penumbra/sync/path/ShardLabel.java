package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;

/**
 * What a shard says of itself.
 *
 * @param group number of its message
 * @param messageBytes length of the whole message
 * @param index data shards first, then parity shards
 */
public record ShardLabel(long group, int messageBytes, CodeShape shape, int index) {

  public ShardLabel {
    if (group < 0 || messageBytes < 0 || index < 0 || index >= shape.total()) {
      throw new IllegalArgumentException(
          "no shard %d of %s of group %d with %d bytes"
              .formatted(index, shape, group, messageBytes));
    }
  }

  /** How many bytes travel: a data shard's padding does not. */
  public int payloadBytes() {
    int shardBytes = shape.shardBytes(messageBytes);
    return index >= shape.data()
        ? shardBytes
        : Math.clamp(messageBytes - (long) index * shardBytes, 0, shardBytes);
  }
}
