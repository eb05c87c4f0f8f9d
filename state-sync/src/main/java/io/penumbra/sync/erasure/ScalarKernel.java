package io.penumbra.sync.erasure;

import java.lang.foreign.ValueLayout;

/**
 * Plain Java: a table per input gives the products for up to eight outputs at once, packed into one
 * long, so the cost hardly grows with the number of parity shards.
 */
record ScalarKernel() implements GaloisKernel {

  private static final int PACKED = Long.BYTES;
  private static final int BYTE_VALUES = 256;

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public Prepared prepare(Coefficients coefficients) {
    long[][] tables =
        new long[Math.ceilDiv(coefficients.rows(), PACKED) * coefficients.columns()][];
    for (int pack = 0; pack * PACKED < coefficients.rows(); pack++) {
      for (int column = 0; column < coefficients.columns(); column++) {
        tables[pack * coefficients.columns() + column] =
            products(coefficients, pack * PACKED, column);
      }
    }
    return (inputs, outputs, bytes) -> {
      for (int row = 0; row < outputs.length; row += PACKED) {
        combine(tables, row, inputs, outputs, bytes);
      }
    };
  }

  private static long[] products(Coefficients coefficients, int fromRow, int column) {
    long[] table = new long[BYTE_VALUES];
    int rows = Math.min(PACKED, coefficients.rows() - fromRow);
    for (int value = 0; value < BYTE_VALUES; value++) {
      for (int row = 0; row < rows; row++) {
        long product = GaloisField.multiply(coefficients.at(fromRow + row, column), value);
        table[value] |= product << (row * Byte.SIZE);
      }
    }
    return table;
  }

  private static void combine(
      long[][] tables, int fromRow, long[] inputs, long[] outputs, int bytes) {
    int firstTable = fromRow / PACKED * inputs.length;
    int rows = Math.min(PACKED, outputs.length - fromRow);
    for (int at = 0; at < bytes; at += Long.BYTES) {
      long s0 = 0;
      long s1 = 0;
      long s2 = 0;
      long s3 = 0;
      long s4 = 0;
      long s5 = 0;
      long s6 = 0;
      long s7 = 0;
      for (int input = 0; input < inputs.length; input++) {
        long[] table = tables[firstTable + input];
        long word = NativeMemory.ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, inputs[input] + at);
        s0 ^= table[(int) word & 0xff];
        s1 ^= table[(int) (word >>> 8) & 0xff];
        s2 ^= table[(int) (word >>> 16) & 0xff];
        s3 ^= table[(int) (word >>> 24) & 0xff];
        s4 ^= table[(int) (word >>> 32) & 0xff];
        s5 ^= table[(int) (word >>> 40) & 0xff];
        s6 ^= table[(int) (word >>> 48) & 0xff];
        s7 ^= table[(int) (word >>> 56)];
      }
      for (int row = 0; row < rows; row++) {
        int shift = row * Byte.SIZE;
        long sum =
            byteAt(s0, shift)
                | byteAt(s1, shift) << 8
                | byteAt(s2, shift) << 16
                | byteAt(s3, shift) << 24
                | byteAt(s4, shift) << 32
                | byteAt(s5, shift) << 40
                | byteAt(s6, shift) << 48
                | byteAt(s7, shift) << 56;
        NativeMemory.ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, outputs[fromRow + row] + at, sum);
      }
    }
  }

  private static long byteAt(long packed, int shift) {
    return packed >>> shift & 0xff;
  }
}
