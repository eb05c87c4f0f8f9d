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
    int from = salt * 0x3D4D51CB;
    // Five of each by hand: kept in registers, this takes half the time of arrays and loops.
    int line0 = line(hashes[0] + from);
    int line1 = line(hashes[1] + from);
    int line2 = line(hashes[2] + from);
    int line3 = line(hashes[3] + from);
    int line4 = line(hashes[4] + from);
    int base = set * CONTEXTS;
    int weight0 = weights[base];
    int weight1 = weights[base + 1];
    int weight2 = weights[base + 2];
    int weight3 = weights[base + 3];
    int weight4 = weights[base + 4];
    int node = 1;
    for (int shift = 3; shift >= 0; shift--) {
      int input0 = STRETCH[slots[line0 + node] >>> 20];
      int input1 = STRETCH[slots[line1 + node] >>> 20];
      int input2 = STRETCH[slots[line2 + node] >>> 20];
      int input3 = STRETCH[slots[line3 + node] >>> 20];
      int input4 = STRETCH[slots[line4 + node] >>> 20];
      int sum =
          ((weight0 * input0) >> 16)
              + ((weight1 * input1) >> 16)
              + ((weight2 * input2) >> 16)
              + ((weight3 * input3) >> 16)
              + ((weight4 * input4) >> 16);
      int chance = SQUASH[limited(sum) + 2048];
      int bit = coder.code(value >>> shift & 1, chance);
      int error = (bit << 16) - chance;
      weight0 = moved(weight0, input0, error);
      weight1 = moved(weight1, input1, error);
      weight2 = moved(weight2, input2, error);
      weight3 = moved(weight3, input3, error);
      weight4 = moved(weight4, input4, error);
      learn(line0 + node, bit);
      learn(line1 + node, bit);
      learn(line2 + node, bit);
      learn(line3 + node, bit);
      learn(line4 + node, bit);
      node = node << 1 | bit;
    }
    weights[base] = weight0;
    weights[base + 1] = weight1;
    weights[base + 2] = weight2;
    weights[base + 3] = weight3;
    weights[base + 4] = weight4;
    return node & 15;
  }

  private static int line(int seed) {
    int hash = seed * 0x9E3779B1;
    return (hash ^ hash >>> 15) >>> (36 - PageModel.SLOT_BITS) << 4;
  }

  private static int moved(int weight, int input, int error) {
    int goal = weight + ((input * error + (1 << 15)) >> 16);
    return Math.max(-WEIGHT_MAX, Math.min(WEIGHT_MAX, goal));
  }

  private void learn(int at, int bit) {
    int slot = slots[at];
    int count = slot & 1023;
    int was = slot >>> 10;
    int goal = bit == 0 ? 0 : (1 << 22) - 1;
    int now = was + (int) (((long) (goal - was) * STEP[count]) >> 16);
    slots[at] = now << 10 | (count < COUNT_MAX ? count + 1 : count);
  }

  private static int limited(int stretched) {
    return Math.max(-2047, Math.min(2047, stretched));
  }
}
