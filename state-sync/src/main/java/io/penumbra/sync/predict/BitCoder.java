package io.penumbra.sync.predict;

/**
 * Where coded bits go to, or come from. One walk over a page serves both ends: a writer codes the
 * bit it is given and returns it, a reader ignores it and returns the bit that was coded.
 */
public interface BitCoder {

  /**
   * Codes one bit.
   *
   * @param bit the bit to write; a reader ignores it
   * @param chanceOfOne how likely a one is held to be, in 65536ths, 1 to 65535
   * @return the bit that was written or read
   */
  int code(int bit, int chanceOfOne);
}
