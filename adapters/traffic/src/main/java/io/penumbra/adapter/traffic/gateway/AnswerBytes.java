package io.penumbra.adapter.traffic.gateway;

import java.util.Arrays;

/**
 * An answer as far as it is compared with another one: all of RESP; of HTTP the status and the
 * body, for other lines of a head tell the time.
 */
final class AnswerBytes {

  /** {@code HTTP/1.1 200}. */
  private static final int STATUS_BYTES = 12;

  private ByteQueue kept = new ByteQueue();
  private int status;

  /** Takes a part. */
  void take(byte[] bytes, int from, int count, boolean distinctive) {
    if (distinctive) {
      kept.append(bytes, from, count);
    } else {
      int some = Math.min(count, STATUS_BYTES - status);
      kept.append(bytes, from, some);
      status += some;
    }
  }

  int size() {
    return kept.size();
  }

  /** It won't be compared: nothing of it stays. */
  void drop() {
    kept = new ByteQueue();
  }

  byte[] toBytes() {
    return Arrays.copyOfRange(kept.array(), kept.head(), kept.tail());
  }
}
