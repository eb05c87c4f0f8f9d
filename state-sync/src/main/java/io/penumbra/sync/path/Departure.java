package io.penumbra.sync.path;

import io.penumbra.sync.erasure.CodeShape;
import java.nio.ByteBuffer;

/**
 * A shard to be written now.
 *
 * @param sequence what its ack will name
 */
public record Departure(Outgoing group, int index, long sequence) {

  /** The group's code. */
  public CodeShape shape() {
    return group.shape();
  }

  /** The shard's bytes. */
  public ByteBuffer payload() {
    return group.shard(index);
  }
}
