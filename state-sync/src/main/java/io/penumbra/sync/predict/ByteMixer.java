package io.penumbra.sync.predict;

/**
 * Codes one byte, bit by bit, on what several contexts have seen follow them. Each context keeps a
 * chance per bit; they are mixed in the logistic domain with weights that learn which contexts are
 * right (Mahoney, <i>Adaptive Weighing of Context Models for Lossless Data Compression</i>, 2005).
 * The chances of one context's half byte lie in one cache line.
 */
final class ByteMixer {

  static final int CONTEXTS = 5;
  static final int SETS = 256;
  static final int FIRST_WEIGHT = (1 << 16) * 3 / 10;

  /** Beyond it, a weighed input would overflow. */
  private static final int WEIGHT_MAX = 1 << 19;

  /** A chance moves by 1/n for the n-th bit seen, and never by less than one of these. */
  private static final int COUNT_MAX = 30;

  private static final int[] STRETCH = new int[4096];
  private static final int[] SQUASH = new int[4096];
  private static final int[] STEP = new int[COUNT_MAX + 1];

  static {
    for (int i = 0; i < 4096; i++) {
      double chance = (i + 0.5) / 4096;
      STRETCH[i] = limited((int) StrictMath.round(StrictMath.log(chance / (1 - chance)) * 256));
      double squashed = 65536 / (1 + StrictMath.exp((2048 - i) / 256.0));
      SQUASH[i] = StrictMath.clamp((long) squashed, 32, 65504);
    }
    for (int i = 0; i <= COUNT_MAX; i++) {
      STEP[i] = (int) (65536 / (i + 1.6));
    }
  }

  private final int[] slots;
  private final int[] weights;
  private final int[] hashes = new int[CONTEXTS];
  private final int[] lines = new int[CONTEXTS];
  private final int[] inputs = new int[CONTEXTS];

  ByteMixer(PageModel model) {
    slots = model.slots;
    weights = model.weights;
  }

  /** Says what one of the contexts is for the next byte. */
  void context(int number, int a, int b) {
    int hash = (a + number) * 0x9E3779B1 + b * 0x85EBCA6B;
    hash ^= hash >>> 15;
    hash *= 0x2C1B3C6D;
    hashes[number] = hash ^ hash >>> 13;
  }

  /** Codes a byte with one of the sets of weights. */
  int code(BitCoder coder, int value, int set) {
    int high = half(coder, value >>> 4, set, 0);
    return high << 4 | half(coder, value & 15, set, 16 + high);
  }

  private int half(BitCoder coder, int value, int set, int salt) {
    for (int i = 0; i < CONTEXTS; i++) {
      int hash = (hashes[i] + salt * 0x3D4D51CB) * 0x9E3779B1;
      lines[i] = (hash ^ hash >>> 15) >>> (36 - PageModel.SLOT_BITS) << 4;
    }
    int node = 1;
    int base = set * CONTEXTS;
    for (int shift = 3; shift >= 0; shift--) {
      int chance = chance(base, node);
      int bit = coder.code(value >>> shift & 1, chance);
      learn(base, node, bit, chance);
      node = node << 1 | bit;
    }
    return node & 15;
  }

  private int chance(int base, int node) {
    int sum = 0;
    for (int i = 0; i < CONTEXTS; i++) {
      int input = STRETCH[slots[lines[i] + node] >>> 20];
      inputs[i] = input;
      sum += (weights[base + i] * input) >> 16;
    }
    return SQUASH[limited(sum) + 2048];
  }

  private void learn(int base, int node, int bit, int chance) {
    int error = (bit << 16) - chance;
    for (int i = 0; i < CONTEXTS; i++) {
      int weight = weights[base + i] + ((inputs[i] * error + (1 << 15)) >> 16);
      weights[base + i] = Math.max(-WEIGHT_MAX, Math.min(WEIGHT_MAX, weight));
      int at = lines[i] + node;
      int slot = slots[at];
      int count = slot & 1023;
      int was = slot >>> 10;
      int goal = bit == 0 ? 0 : (1 << 22) - 1;
      int now = was + (int) (((long) (goal - was) * STEP[count]) >> 16);
      slots[at] = now << 10 | (count < COUNT_MAX ? count + 1 : count);
    }
  }

  private static int limited(int stretched) {
    return Math.max(-2047, Math.min(2047, stretched));
  }
}
