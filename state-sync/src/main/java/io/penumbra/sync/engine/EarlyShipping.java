package io.penumbra.sync.engine;

import io.penumbra.sync.predict.NextDirtyPredictor;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.session.Early;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Decides which pages go ahead of the next cut. The time between two cuts has four quarters; after
 * each of the first three the state is looked at, so that it is known how often each page changes,
 * and after the third what has changed and seems settled is sent. What was foreseen wrongly is sent
 * again after the cut, so only bytes depend on it.
 *
 * <p>This end alone decides, and the other one need not know why: a page that went ahead is coded
 * against the acked epoch like any other, so what both ends learn from is the same.
 */
final class EarlyShipping {

  private static final int QUARTERS = 4;

  /** With less time between two cuts there is nothing to win. */
  private static final Duration INTERVAL_LEAST = Duration.ofMillis(20);

  private static final double LIKELY_ABOVE = 0.5;

  private final Early mode;
  private final NextDirtyPredictor predictor;
  private final EarlyGain gain = new EarlyGain();
  private SeenPages seen = SeenPages.NONE;
  private SeenPages sent = SeenPages.NONE;
  private int quarter;
  private boolean blind;
  private long cut;
  private long bytes;
  private Duration looking = Duration.ZERO;

  EarlyShipping(int pages, Early mode) {
    this.mode = mode;
    predictor = new NextDirtyPredictor(pages, LIKELY_ABOVE);
  }

  /** When to look next; {@link Instant#MAX} if not before the cut. */
  Instant nextLook(Instant lastCut, Instant nextCut, Instant now) {
    if (mode == Early.OFF
        || (mode == Early.AUTO && !gain.looks())
        || quarter == QUARTERS - 1
        || lastCut.equals(Instant.MIN)
        || nextCut.isBefore(lastCut.plus(INTERVAL_LEAST))) {
      return Instant.MAX;
    }
    Duration length = Duration.between(lastCut, nextCut).dividedBy(QUARTERS);
    // What the last ack made us miss is not made up for.
    long passed = Duration.between(lastCut, now).toNanos() / length.toNanos();
    if (passed >= QUARTERS) {
      return Instant.MAX;
    }
    return lastCut.plus(length.multipliedBy(Math.max(quarter + 1, passed)));
  }

  /**
   * The state was looked at.
   *
   * @return the pages to send now, in order
   */
  int[] looked(SeenPages now, Instant lastCut, Instant nextCut, Instant at) {
    predictor.observed(now.differing(seen));
    seen = now;
    Duration length = Duration.between(lastCut, nextCut).dividedBy(QUARTERS);
    quarter =
        (int)
            Math.clamp(
                Duration.between(lastCut, at).toNanos() / length.toNanos(),
                quarter + 1L,
                QUARTERS - 1L);
    boolean sends = quarter == QUARTERS - 1 && (mode == Early.ON || gain.sends());
    return sends ? predictor.settled(now.pages()) : new int[0];
  }

  /** The source can't be looked at before the cut. */
  void blind() {
    quarter = QUARTERS - 1;
    blind = true;
  }

  /** So long was worked and rested for it. */
  void took(Duration spent) {
    looking = looking.plus(spent);
  }

  /** These pages of what was seen last are on their way, as part of the cut with this number. */
  void sent(int[] pages, long ofCut, long bytesSent) {
    cut = ofCut;
    bytes += bytesSent;
    sent = seen.only(sent.with(pages));
  }

  /** What has to be sent after the cut, and what the cut is about. */
  Rest cutTaken(Cut taken, Duration interval) {
    SeenPages now = new SeenPages(taken.pages(), taken.hashes());
    boolean on = quarter > 0 && !blind;
    if (on) {
      predictor.observed(now.differing(seen));
    }
    Rest rest = rest(now, on);
    double share = interval.isPositive() ? (double) looking.toNanos() / interval.toNanos() : 0;
    gain.epoch(rest.ahead(), share);
    forget();
    return rest;
  }

  private Rest rest(SeenPages now, boolean on) {
    if (sent.pages().length == 0) {
      WentAhead none = new WentAhead(on, 0, 0, now.pages().length, 0);
      return new Rest(Optional.empty(), now.pages(), now.pages(), none);
    }
    // What was written back to what it was is no change any more, but is taken for one over there.
    int[] all = now.with(sent.pages());
    int[] wrong = now.differing(sent);
    int held = all.length - wrong.length;
    WentAhead ahead = new WentAhead(on, sent.pages().length, held, wrong.length, bytes);
    return new Rest(Optional.of(cut), all, wrong, ahead);
  }

  /** A new session begins, or a cut was taken: nothing has gone ahead of the next one. */
  void forget() {
    seen = SeenPages.NONE;
    sent = SeenPages.NONE;
    quarter = 0;
    blind = false;
    cut = 0;
    bytes = 0;
    looking = Duration.ZERO;
  }

  /**
   * What a cut has to say.
   *
   * @param cut the number that pages were sent under; empty if none were
   * @param pages that the other end has to have right, in order
   * @param left those that it has not
   */
  // Made for one use and handed over.
  @SuppressWarnings("ArrayRecordComponent")
  record Rest(Optional<Long> cut, int[] pages, int[] left, WentAhead ahead) {}
}
