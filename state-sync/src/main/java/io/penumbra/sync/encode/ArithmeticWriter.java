package io.penumbra.sync.encode;

import io.penumbra.sync.predict.BitCoder;
import java.util.Arrays;

/** Writes bits in as many bytes as their chances are worth (carryless binary arithmetic coding). */
final class ArithmeticWriter implements BitCoder {

  private byte[] bytes = new byte[1 << 14];
  private int length;
  private int low;
  private int high = -1;

  @Override
  public int code(int bit, int chanceOfOne) {
    int middle = low + (int) (((high - low & 0xFFFFFFFFL) * chanceOfOne) >>> 16);
    if (bit == 1) {
      high = middle;
    } else {
      low = middle + 1;
    }
    while ((low ^ high) >>> 24 == 0) {
      put(high >>> 24);
      low <<= 8;
      high = high << 8 | 255;
    }
    return bit;
  }

  int length() {
    return length;
  }

  byte[] finish() {
    // A reader takes zeros for what is beyond the end: the first byte above low says it all.
    if (low != 0) {
      put((low >>> 24) + 1);
    }
    return Arrays.copyOf(bytes, length);
  }

  private void put(int value) {
    if (length == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * length);
    }
    bytes[length] = (byte) value;
    length++;
  }
}
