package io.penumbra.sync.engine;

/**
 * Whether sending ahead of the cut earns anything, by what it did of late. It does while three
 * quarters of what goes ahead holds, so that all bytes grow by a third of that at most; while it
 * takes an eighth off the cut at least; and while looking takes less than a tenth of the time. If
 * not, nobody looks for a while, twice as long each time.
 */
final class EarlyGain {

  /** In the first epochs the pages are only watched: nothing is known of them yet. */
  private static final int WATCHED = 2;

  /** So many epochs have to be counted before they say anything. */
  private static final int JUDGED_FROM = 6;

  private static final double KEPT = 7.0 / 8;
  private static final double HELD_LEAST = 0.75;
  private static final double EARNED_LEAST = 0.125;
  private static final double COST_MOST = 0.1;

  /** A few pages say nothing. */
  private static final double PAGES_LEAST = 16;

  private static final int PAUSE_FIRST = 32;
  private static final int PAUSE_MOST = 4096;

  private double pages;
  private double held;
  private double left;
  private double cost;
  private double epochs;
  private int watched;
  private int counted;
  private int pause = PAUSE_FIRST;
  private int pauseLeft;

  /** Whether to look at the state before the next cut. */
  boolean looks() {
    return pauseLeft == 0;
  }

  /** Whether to send what has settled, too. */
  boolean sends() {
    return looks() && watched >= WATCHED;
  }

  /**
   * An epoch was cut.
   *
   * @param lookShare of the time from cut to cut that was spent on looking
   */
  void epoch(WentAhead ahead, double lookShare) {
    if (pauseLeft > 0) {
      pauseLeft--;
      return;
    }
    if (!ahead.on()) {
      // No time to look in: the ack came late.
      return;
    }
    cost = cost * KEPT + lookShare;
    epochs = epochs * KEPT + 1;
    if (watched < WATCHED) {
      watched++;
      if (watched == WATCHED && isTooDear()) {
        stop();
      }
      return;
    }
    pages = pages * KEPT + ahead.pages();
    held = held * KEPT + ahead.held();
    left = left * KEPT + ahead.left();
    counted++;
    if (counted >= JUDGED_FROM && held + left >= PAGES_LEAST) {
      judge();
    }
  }

  private void judge() {
    if (held >= HELD_LEAST * pages && held >= EARNED_LEAST * (held + left) && !isTooDear()) {
      pause = PAUSE_FIRST;
    } else {
      stop();
    }
  }

  private boolean isTooDear() {
    return cost > COST_MOST * epochs;
  }

  private void stop() {
    pauseLeft = pause;
    pause = Math.min(PAUSE_MOST, 2 * pause);
    watched = 0;
    counted = 0;
    pages = 0;
    held = 0;
    left = 0;
    cost = 0;
    epochs = 0;
  }
}
