package io.penumbra.sync.erasure;

/**
 * How many shards carry data and how many carry parity; any {@code data} of all of them suffice.
 *
 * @param data shards that carry the bytes themselves, at least one
 * @param parity shards that may be lost, none for a plain stream
 */
public record CodeShape(int data, int parity) {

  /** As many points as the field has, less the one that no Cauchy row may share. */
  public static final int SHARDS_MAX = 255;

  public CodeShape {
    if (data < 1 || parity < 0 || data + parity > SHARDS_MAX) {
      throw new IllegalArgumentException(
          "a code has at least 1 data shard, no fewer than 0 parity shards and at most %d in all, not %d+%d"
              .formatted(SHARDS_MAX, data, parity));
    }
  }

  /** Data and parity shards together. */
  public int total() {
    return data + parity;
  }

  /** How many bytes each shard has so that a group of that size fits, padded to whole vectors. */
  public int shardBytes(int groupBytes) {
    int each = Math.ceilDiv(groupBytes, data);
    return Math.ceilDiv(Math.max(1, each), ALIGNMENT) * ALIGNMENT;
  }

  /** A shard is a multiple of the widest vector, so that no kernel has a tail to treat. */
  private static final int ALIGNMENT = 64;

  @Override
  public String toString() {
    return data + "+" + parity;
  }
}
