package io.penumbra.sync.predict;

import java.util.Arrays;

/**
 * Follows content that has been seen before: a pointer into the model's history that says which
 * byte comes next. It is found by the bytes before, and survives a few wrong guesses, so that a
 * record that differs from its like in a counter or a checksum is followed to its end.
 */
final class RecentLines {

  /** So many bytes must be alike for a pointer to be set. */
  static final int LEAST = 5;

  private static final int MASK = (1 << PageModel.HISTORY_BITS) - 1;
  private static final int WRAP = 1 << 30;
  private static final int WRONG_MAX = 8;
  private static final int LOOK_BACK = 24;

  private final PageModel model;

  /** Where the line that is being coded begins in the history. */
  private int line;

  private int next;
  private int right;
  private int wrong;

  RecentLines(PageModel model) {
    this.model = model;
  }

  void startPage() {
    lose();
    if (model.head > WRAP) {
      Arrays.fill(model.anchors, 0);
      model.head = 1;
    }
  }

  /** Takes a line of 64 bytes in as it was; what becomes of it follows by {@link #saw}. */
  void startLine(byte[] page, int from, boolean goesOn) {
    if (!goesOn) {
      lose();
    }
    line = model.head;
    for (int i = 0; i < 64; i++) {
      model.history[line + i & MASK] = page[from + i];
    }
    model.head = line + 64;
  }

  /** Takes a whole page in, so that what moves within it is found. */
  void remember(byte[] page) {
    int start = model.head;
    for (int i = 0; i < page.length; i++) {
      model.history[start + i & MASK] = page[i];
      if (i >= LEAST) {
        model.anchors[slot(page, i + 1)] = start + i + 1;
      }
    }
    model.head = start + page.length;
  }

  /** Sets the pointer, or a better one, by the bytes before a place in the page. */
  void look(byte[] page, int at) {
    if ((next != 0 && right >= 16) || at < LEAST) {
      return;
    }
    int candidate = model.anchors[slot(page, at)];
    if (candidate == 0 || candidate == next || !known(candidate, at)) {
      return;
    }
    int alike = 0;
    while (alike < LOOK_BACK
        && alike < at
        && model.history[candidate - 1 - alike & MASK] == page[at - 1 - alike]) {
      alike++;
    }
    if (alike >= LEAST && alike > right) {
      next = candidate;
      right = alike;
      wrong = 0;
    }
  }

  private boolean known(int place, int at) {
    return place < line + (at & 63) && model.head - place < (1 << PageModel.HISTORY_BITS) - 128;
  }

  /** The byte that comes next if all goes on as before, or -1. */
  int guess(int at) {
    return next != 0 && known(next, at) ? model.history[next & MASK] & 0xFF : -1;
  }

  /** The word that comes next, if {@link #surety} is more than 0 and it is all in the past. */
  long guessWord(int at) {
    long word = 0;
    for (int i = 7; i >= 0; i--) {
      word = word << 8 | (model.history[next + i & MASK] & 0xFF);
    }
    return word;
  }

  /** Whether {@link #guessWord} can be asked. */
  boolean guessesWord(int at) {
    return next != 0 && known(next + 7, at);
  }

  /** How many bytes have been right without a break, 0 to 15, and more the less were wrong. */
  int surety() {
    return next == 0 ? 0 : Math.min(15, right) | Math.min(3, wrong) << 4;
  }

  /** The byte at a place of the page is this one. */
  void saw(byte[] page, int at, int guess) {
    int value = page[at] & 0xFF;
    model.history[line + (at & 63) & MASK] = page[at];
    if (next != 0) {
      follow(guess == value);
    }
    if (at >= LEAST) {
      model.anchors[slot(page, at + 1)] = line + (at & 63) + 1;
    }
  }

  private void follow(boolean hit) {
    next++;
    if (hit) {
      right++;
      if (right > 32) {
        wrong = 0;
      }
    } else {
      right >>= 2;
      wrong++;
      if (wrong > WRONG_MAX) {
        lose();
      }
    }
  }

  /** The next word has not changed and is not coded. */
  void skipWord() {
    if (next != 0) {
      next += 8;
    }
  }

  private void lose() {
    next = 0;
    right = 0;
    wrong = 0;
  }

  private static int slot(byte[] page, int end) {
    int hash = 0;
    for (int i = 1; i <= LEAST; i++) {
      hash = (hash + page[end - i]) * 0x2F0B4C47;
    }
    return ((hash ^ hash >>> 15) * 0x9E3779B1) >>> (32 - PageModel.ANCHOR_BITS);
  }
}
