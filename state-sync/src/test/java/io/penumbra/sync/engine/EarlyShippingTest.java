package io.penumbra.sync.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateRoot;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.session.Early;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EarlyShippingTest {

  private static final int PAGES = 1000;
  private static final Duration EPOCH = Duration.ofSeconds(1);
  private static final Instant START = Instant.parse("2026-11-21T03:00:00Z");

  private EarlyShipping early = new EarlyShipping(PAGES, Early.AUTO);
  private Instant cutAt = START;
  private long content;
  private int next;
  private Duration lookTime = Duration.ofMillis(1);

  @Test
  void looksThreeTimesBetweenTwoCutsAndNotWhenThereIsNoTime() {
    assertThat(early.nextLook(START, START.plus(EPOCH), START)).isEqualTo(at(250));
    early.looked(SeenPages.NONE, START, START.plus(EPOCH), at(250));
    assertThat(early.nextLook(START, START.plus(EPOCH), at(260))).isEqualTo(at(500));
    assertThat(early.nextLook(START, START.plus(EPOCH), at(800))).isEqualTo(at(750));
    early.looked(SeenPages.NONE, START, START.plus(EPOCH), at(800));
    assertThat(early.nextLook(START, START.plus(EPOCH), at(810))).isEqualTo(Instant.MAX);

    EarlyShipping hurried = new EarlyShipping(PAGES, Early.ON);
    assertThat(hurried.nextLook(START, START.plusMillis(10), START)).isEqualTo(Instant.MAX);
    assertThat(hurried.nextLook(START, Instant.MIN, START)).isEqualTo(Instant.MAX);
    assertThat(new EarlyShipping(PAGES, Early.OFF).nextLook(START, START.plus(EPOCH), START))
        .isEqualTo(Instant.MAX);
  }

  @Test
  void whatFillsNewPagesGoesAheadAndHolds() {
    WentAhead ahead = epochs(12, this::fresh);
    assertThat(ahead.pages()).isEqualTo(30);
    assertThat(ahead.held()).isEqualTo(30);
    assertThat(ahead.left()).isEqualTo(10);
  }

  @Test
  void whatChangesAllTheTimeDoesNotAndLookingEnds() {
    WentAhead ahead = epochs(12, _ -> IntStream.range(0, 40).toArray());
    assertThat(ahead.pages()).isZero();
    assertThat(ahead.on()).isFalse();
  }

  @Test
  void whatEarnsNothingIsTriedAgainLaterAndLaterStill() {
    int looked = 0;
    for (int epoch = 0; epoch < 400; epoch++) {
      looked += epochs(1, _ -> IntStream.range(0, 40).toArray()).on() ? 1 : 0;
    }
    assertThat(looked).isBetween(16, 48);
  }

  @Test
  void aLookThatTakesTooLongEndsIt() {
    lookTime = Duration.ofMillis(60);
    assertThat(epochs(3, this::fresh).on()).isFalse();
    early = new EarlyShipping(PAGES, Early.ON);
    assertThat(epochs(12, this::fresh).on()).isTrue();
  }

  private int[] fresh(int quarter) {
    next = (next + 10) % (PAGES - 10);
    return IntStream.range(next, next + 10).toArray();
  }

  /**
   * Epochs in each of whose quarters the guest changes some pages; returns what the last one said.
   */
  private WentAhead epochs(int count, IntFunction<int[]> guest) {
    WentAhead last = new WentAhead(false, 0, 0, 0, 0);
    for (int epoch = 0; epoch < count; epoch++) {
      long[] state = new long[PAGES];
      for (int quarter = 1; quarter <= 4; quarter++) {
        for (int page : guest.apply(quarter)) {
          state[page] = ++content;
        }
        Instant now = cutAt.plusMillis(250L * quarter);
        if (quarter < 4 && !early.nextLook(cutAt, cutAt.plus(EPOCH), now).isAfter(now)) {
          int[] pages = early.looked(seen(state), cutAt, cutAt.plus(EPOCH), now);
          early.took(lookTime);
          if (pages.length > 0) {
            early.sent(pages, 7, 100);
          }
        }
      }
      cutAt = cutAt.plus(EPOCH);
      last = early.cutTaken(cut(seen(state)), EPOCH).ahead();
    }
    return last;
  }

  private static SeenPages seen(long[] state) {
    int[] pages = IntStream.range(0, PAGES).filter(page -> state[page] != 0).toArray();
    return new SeenPages(pages, Arrays.stream(pages).mapToLong(page -> state[page]).toArray());
  }

  private static Cut cut(SeenPages seen) {
    return new Cut(
        seen.pages(),
        seen.hashes(),
        NOWHERE,
        NOWHERE,
        new StateRoot(0, 0),
        START,
        Consistency.QUIESCED,
        1,
        Duration.ZERO,
        0,
        HealthSnapshot.UNKNOWN);
  }

  private static final PageView NOWHERE =
      new PageView() {
        @Override
        public MemorySegment segment(int page) {
          return MemorySegment.NULL;
        }

        @Override
        public long offset(int page) {
          return 0;
        }

        @Override
        public int pages() {
          return PAGES;
        }
      };

  private static Instant at(long millis) {
    return START.plusMillis(millis);
  }
}
