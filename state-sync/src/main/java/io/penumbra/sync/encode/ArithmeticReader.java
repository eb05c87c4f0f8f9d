package io.penumbra.sync.encode;

import io.penumbra.sync.predict.BitCoder;

/** Reads what an {@link ArithmeticWriter} wrote; of damaged bytes it makes other bits, no more. */
final class ArithmeticReader implements BitCoder {

  private final byte[] bytes;
  private final int end;
  private int next;
  private int low;
  private int high = -1;
  private int code;

  ArithmeticReader(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.end = end;
    next = from;
    for (int i = 0; i < 4; i++) {
      code = code << 8 | take();
    }
  }

  @Override
  public int code(int bit, int chanceOfOne) {
    int middle = low + (int) (((high - low & 0xFFFFFFFFL) * chanceOfOne) >>> 16);
    int read = Integer.compareUnsigned(code, middle) <= 0 ? 1 : 0;
    if (read == 1) {
      high = middle;
    } else {
      low = middle + 1;
    }
    while ((low ^ high) >>> 24 == 0) {
      low <<= 8;
      high = high << 8 | 255;
      code = code << 8 | take();
    }
    return read;
  }

  private int take() {
    int value = next < end ? bytes[next] & 0xFF : 0;
    next++;
    return value;
  }
}
