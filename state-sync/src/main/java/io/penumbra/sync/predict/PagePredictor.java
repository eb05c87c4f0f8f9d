package io.penumbra.sync.predict;

import java.util.Arrays;

/**
 * Walks over a page that has changed, and codes what has become of it: which of its lines and words
 * have changed, then each changed word, first by asking whether it is what a predictor says, then
 * byte by byte. The same walk writes and reads, so both ends' models stay alike by construction.
 *
 * <p>Predictors of words: evenly stepping records (as in DFCM: Goeman, Vandierendonck, De
 * Bosschere, <i>Differential FCM</i>, 2001), zero, the same step as the word before.
 */
public final class PagePredictor {

  /** More changed words than this, and what was in the page may have moved within it. */
  private static final int MOVED = 200;

  private static final int STEPPING = 16;

  // Where each kind of question has its chances.
  private static final int SHAPE = 0;
  private static final int STRIDE = 64;
  private static final int LINE = 256;
  private static final int WORD = 1024;
  private static final int HIT = 2048;

  private final char[] flags;
  private final ByteMixer mixer;

  // Of the page that is being coded.
  private int shape;
  private int stride;
  private int evenHits;
  private int stepHits;
  private int zeroHits;
  private long lastStep;
  private long lastWord;

  public PagePredictor(PageModel model) {
    flags = model.flags;
    mixer = new ByteMixer(model);
  }

  /**
   * Codes one page.
   *
   * @param before what it was
   * @param now what it is; a reader puts in what it was, and finds what it is
   */
  public void code(BitCoder coder, byte[] before, byte[] now) {
    boolean fromZero = Words.allZero(before);
    int from = fromZero ? 1 : 0;
    if (flag(coder, SHAPE + from, Words.allZero(now) ? 1 : 0) == 1) {
      Arrays.fill(now, (byte) 0);
      return;
    }
    int changed = Words.changed(before, now);
    int many = flag(coder, SHAPE + 2 + from, changed > MOVED ? 1 : 0);
    startPage(fromZero ? 2 : many);
    if (flag(coder, SHAPE + 4 + shape, changed >= STEPPING ? 1 : 0) == 1) {
      stride = stride(coder, changed >= STEPPING ? Words.stride(before, now) : 0);
    }
    lines(coder, before, now);
  }

  private void startPage(int newShape) {
    shape = newShape;
    stride = 0;
    evenHits = 0;
    stepHits = 0;
    zeroHits = 0;
    lastStep = 0;
    lastWord = 0;
  }

  private int stride(BitCoder coder, int value) {
    int node = 1;
    for (int shift = 5; shift >= 0; shift--) {
      node = node << 1 | flag(coder, STRIDE + node, value >>> shift & 1);
    }
    return node & 63;
  }

  private void lines(BitCoder coder, byte[] before, byte[] now) {
    int last = 0;
    int many = 0;
    for (int line = 0; line < 64; line++) {
      int changed = Words.changedInLine(before, now, line);
      int context = LINE + ((last & 15) | Math.min(3, many) << 4 | shape << 6);
      int bit = flag(coder, context, changed != 0 ? 1 : 0);
      if (bit == 1) {
        words(coder, before, now, line, changed);
        many++;
      }
      last = last << 1 | bit;
    }
  }

  private void words(BitCoder coder, byte[] before, byte[] now, int line, int changed) {
    int last = 0;
    for (int i = 0; i < 8; i++) {
      int bit = flag(coder, WORD + ((last & 7) | shape << 3 | i << 5), changed >>> i & 1);
      last = last << 1 | bit;
      if (bit == 1) {
        word(coder, before, now, line * 8 + i);
      }
    }
  }

  private void word(BitCoder coder, byte[] before, byte[] now, int word) {
    long was = Words.get(before, word);
    long is = Words.get(now, word);
    long even = stride == 0 ? 0 : Words.even(now, word, stride);
    long step = was + lastStep;
    long value = guessed(coder, now, word, was, is, even, step);
    if (value == was) {
      value = bytes(coder, before, now, word, even, step);
      evenHits = value == even ? 3 : evenHits >> 1;
      stepHits = value == step ? 3 : stepHits >> 1;
    }
    lastStep = value - was;
    lastWord = value;
  }

  /** The word if one of the predictors has it; else what it was, which a changed word is not. */
  private long guessed(
      BitCoder coder, byte[] now, int word, long was, long is, long even, long step) {
    if (stride != 0 && even != was) {
      int hit = flag(coder, HIT + (evenHits | shape << 2), is == even ? 1 : 0);
      evenHits = hit == 1 ? Math.min(3, evenHits + 1) : evenHits >> 1;
      if (hit == 1) {
        return known(now, word, even);
      }
    }
    if (was != 0) {
      int hit = flag(coder, HIT + 32 + (zeroHits | shape << 2), is == 0 ? 1 : 0);
      zeroHits = hit == 1 ? Math.min(3, zeroHits + 1) : zeroHits >> 1;
      if (hit == 1) {
        return known(now, word, 0);
      }
    }
    if (step != was && step != 0) {
      int hit = flag(coder, HIT + 64 + (stepHits | shape << 2), is == step ? 1 : 0);
      stepHits = hit == 1 ? Math.min(3, stepHits + 1) : stepHits >> 1;
      if (hit == 1) {
        return known(now, word, step);
      }
    }
    return was;
  }

  private long known(byte[] now, int word, long value) {
    Words.set(now, word, value);
    return value;
  }

  private long bytes(BitCoder coder, byte[] before, byte[] now, int word, long even, long step) {
    int same = 1;
    boolean evenSo = stride != 0;
    boolean stepSo = true;
    for (int i = 0; i < 8; i++) {
      int at = word * 8 + i;
      int old = before[at] & 0xFF;
      int evenByte = (int) (even >>> (8 * i)) & 0xFF;
      int stepByte = (int) (step >>> (8 * i)) & 0xFF;
      int c1 = at > 0 ? now[at - 1] & 0xFF : 0;
      int c2 = at > 1 ? now[at - 2] & 0xFF : 0;
      int c3 = at > 2 ? now[at - 3] & 0xFF : 0;
      int kind = i | same << 3 | shape << 4;
      mixer.context(0, old, kind);
      mixer.context(1, c1 | c2 << 8, same);
      mixer.context(2, c1 | c2 << 8 | c3 << 16, 0);
      mixer.context(
          3, stride != 0 ? evenByte : stepByte, kind << 2 | (stepSo ? 1 : 0) | (evenSo ? 2 : 0));
      mixer.context(4, ((int) (lastWord >>> (8 * i)) & 0xFF) | c1 << 8, i);
      int set = (stride == 0 ? 0 : evenSo ? 1 : 2) | i << 2 | same << 5 | shape << 6;
      now[at] = (byte) mixer.code(coder, now[at] & 0xFF, set);
      int value = now[at] & 0xFF;
      same &= value == old ? 1 : 0;
      evenSo &= value == evenByte;
      stepSo &= value == stepByte;
    }
    return Words.get(now, word);
  }

  private int flag(BitCoder coder, int at, int bit) {
    int chance = flags[at];
    int coded = coder.code(bit, chance);
    int moved = chance + (((coded << 16) - coded - chance) >> 5);
    flags[at] = (char) Math.max(64, Math.min(65472, moved));
    return coded;
  }
}
