package io.penumbra.sync.erasure;

/**
 * The field of 256 elements with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), which is the one
 * that RAID 6 and ISA-L use. Addition is XOR.
 */
final class GaloisField {

  private static final int POLYNOMIAL = 0x11d;
  private static final int ORDER = 255;

  /** Powers of the generator 2, written twice so that a sum of two logarithms needs no modulo. */
  private static final int[] POWERS = new int[2 * ORDER];

  private static final int[] LOGARITHMS = new int[ORDER + 1];

  static {
    int power = 1;
    for (int exponent = 0; exponent < ORDER; exponent++) {
      POWERS[exponent] = power;
      POWERS[exponent + ORDER] = power;
      LOGARITHMS[power] = exponent;
      power <<= 1;
      if (power > ORDER) {
        power ^= POLYNOMIAL;
      }
    }
  }

  private GaloisField() {}

  static int multiply(int a, int b) {
    return a == 0 || b == 0 ? 0 : POWERS[LOGARITHMS[a] + LOGARITHMS[b]];
  }

  static int inverse(int a) {
    if (a == 0) {
      throw new ArithmeticException("0 has no inverse in GF(2^8)");
    }
    return POWERS[ORDER - LOGARITHMS[a]];
  }

  static int divide(int a, int b) {
    return multiply(a, inverse(b));
  }
}
