package io.penumbra.sync.encode;

import java.util.Arrays;

/** An array of bytes that grows at its end; never beyond what a block's pages can fill. */
final class GrowingBytes {

  private byte[] bytes = new byte[1 << 16];
  private int length;

  void clear() {
    length = 0;
  }

  int length() {
    return length;
  }

  byte[] array() {
    return bytes;
  }

  /** Makes room at the end, and returns the array to write it into. */
  byte[] room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
    return bytes;
  }

  void end(int newLength) {
    length = newLength;
  }

  void append(byte[] more) {
    System.arraycopy(more, 0, room(more.length), length, more.length);
    length += more.length;
  }
}
