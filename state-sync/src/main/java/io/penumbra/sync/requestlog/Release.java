package io.penumbra.sync.requestlog;

import java.nio.ByteBuffer;

/** A response that may leave now; read-only. */
public record Release(ConnectionId connection, long position, ByteBuffer response) {

  public Release {
    response = response.asReadOnlyBuffer();
  }
}
