package io.penumbra.adapter.traffic.gateway;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/** Bytes on their way: in at the tail, out at the head. */
final class ByteQueue {

  private static final int FIRST = 4 << 10;
  private static final int KEPT_MAX = 256 << 10;
  private static final byte[] NOTHING = new byte[0];

  private byte[] bytes = NOTHING;
  private int head;
  private int tail;

  int size() {
    return tail - head;
  }

  boolean isEmpty() {
    return tail == head;
  }

  byte[] array() {
    return bytes;
  }

  int head() {
    return head;
  }

  int tail() {
    return tail;
  }

  void append(byte[] from, int start, int length) {
    ensure(length);
    System.arraycopy(from, start, bytes, tail, length);
    tail += length;
  }

  void append(ByteBuffer from) {
    int length = from.remaining();
    ensure(length);
    from.get(bytes, tail, length);
    tail += length;
  }

  /** Reads once. Returns as the channel does: -1 at its end. */
  int readFrom(ReadableByteChannel channel, ByteBuffer scratch) throws IOException {
    scratch.clear();
    int count = channel.read(scratch);
    if (count > 0) {
      append(scratch.flip());
    }
    return count;
  }

  void writeTo(WritableByteChannel channel, ByteBuffer scratch) throws IOException {
    while (head < tail) {
      scratch.clear();
      int some = Math.min(scratch.remaining(), tail - head);
      scratch.put(bytes, head, some).flip();
      int count = channel.write(scratch);
      skip(count);
      if (count < some) {
        return;
      }
    }
  }

  byte[] take(int count) {
    byte[] taken = Arrays.copyOfRange(bytes, head, head + count);
    skip(count);
    return taken;
  }

  void skip(int count) {
    head += count;
    if (head == tail) {
      head = 0;
      tail = 0;
      if (bytes.length > KEPT_MAX) {
        bytes = NOTHING;
      }
    }
  }

  void clear() {
    skip(size());
  }

  private void ensure(int room) {
    if (bytes.length - tail >= room) {
      return;
    }
    int size = size();
    if (bytes.length >= 2 * (size + room)) {
      System.arraycopy(bytes, head, bytes, 0, size);
    } else {
      byte[] larger = new byte[Math.max(FIRST, Math.addExact(size, room) + size + room / 2)];
      System.arraycopy(bytes, head, larger, 0, size);
      bytes = larger;
    }
    head = 0;
    tail = size;
  }
}
