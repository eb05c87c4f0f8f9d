package io.penumbra.sync.encode;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A fast link gets what is quick, a slow one what is small, and trials stay cheap. */
class CodingChooserTest {

  private static final int GROUP = 256;
  private static final Prices MODEM = Prices.link(100e3);
  private static final Prices GIGABIT = Prices.link(125e6);
  private static final Prices TEN_GIGABIT = Prices.link(1250e6);

  /** What a page takes, in bytes and nanoseconds: measured of a Redis guest. */
  private record Made(long bytes, long nanos) {}

  private final Map<Coding, Made> made = new EnumMap<>(Coding.class);
  private Prices prices = GIGABIT;
  private final CodingChooser chooser = new CodingChooser(() -> prices);
  private double spent;

  CodingChooserTest() {
    made.put(Coding.PLAIN, new Made(422, 380));
    made.put(Coding.LZ4, new Made(148, 900));
    made.put(Coding.FAST, new Made(99, 1_210));
    made.put(Coding.RUNS, new Made(88, 2_720));
    made.put(Coding.MODEL, new Made(46, 90_000));
  }

  @Test
  void theFasterTheLinkTheQuickerTheCoding() {
    assertThat(settledAt(MODEM)).isEqualTo(Coding.MODEL);
    assertThat(settledAt(Prices.link(10e6))).isEqualTo(Coding.FAST);
    assertThat(settledAt(GIGABIT)).isEqualTo(Coding.LZ4);
    assertThat(settledAt(TEN_GIGABIT)).isEqualTo(Coding.PLAIN);
  }

  @Test
  void aSmallShareOfACoreIsLikeAFastLink() {
    assertThat(settledAt(Prices.link(125e6, 0.1))).isEqualTo(settledAt(TEN_GIGABIT));
  }

  @Test
  void aLinkThatSlowsDownIsFeltAtOnce() {
    settledAt(TEN_GIGABIT);
    prices = Prices.link(1e6);
    Coding next = chooser.choose(GroupKind.SOME, GROUP).coding();

    assertThat(next).isNotIn(Coding.PLAIN, Coding.LZ4);
  }

  @Test
  void aCodingThatGotQuickerIsFoundAgain() {
    settledAt(GIGABIT);
    made.put(Coding.FAST, new Made(99, 300));

    assertThat(settledAt(GIGABIT)).isEqualTo(Coding.FAST);
  }

  @Test
  void trialsTakeAFewPercentOfWhatIsSpent() {
    for (Prices at : List.of(Prices.link(10e6), GIGABIT, TEN_GIGABIT)) {
      Coding best = settledAt(at);
      spent = 0;
      int groups = 20_000;
      for (int i = 0; i < groups; i++) {
        once(GroupKind.SOME);
      }
      Made of = made.getOrDefault(best, new Made(0, 0));
      double least =
          GROUP * at.of((double) of.bytes(), (double) of.nanos() * best.bothEnds()) * groups;

      assertThat(spent / least).isBetween(1.0, 1.1);
    }
  }

  @Test
  void theModelIsNotTriedWhereItsTimeAloneCostsMoreThanTheBest() {
    prices = TEN_GIGABIT;
    for (int i = 0; i < 200; i++) {
      once(GroupKind.FEW);
    }
    List<Coding> chosen = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      chosen.add(once(GroupKind.MANY));
    }

    assertThat(chosen).doesNotContain(Coding.MODEL);
  }

  @Test
  void pagesThatStandAloneAreNeverLeftToTheModel() {
    prices = MODEM;
    for (int i = 0; i < 300; i++) {
      assertThat(once(GroupKind.ALONE)).isNotEqualTo(Coding.MODEL);
    }
  }

  @Test
  void theSameMeasurementsMakeTheSameChoices() {
    CodingChooser other = new CodingChooser(() -> prices);
    for (int i = 0; i < 3000; i++) {
      GroupKind kind = GroupKind.of(1 << (i % 10));
      int pages = 1 + i * 37 % GROUP;
      CodingChooser.Choice choice = chooser.choose(kind, pages);
      assertThat(other.choose(kind, pages)).isEqualTo(choice);
      Coding coding = choice.coding();
      Made of = made.getOrDefault(coding, new Made(0, 0));
      long nanos = of.nanos() * pages + i * 7919L % 1000;
      chooser.measured(kind, coding, pages, of.bytes() * pages, nanos);
      other.measured(kind, coding, pages, of.bytes() * pages, nanos);
    }
  }

  /** The coding that most groups get after a while. */
  private Coding settledAt(Prices at) {
    prices = at;
    Map<Coding, Integer> counts = new EnumMap<>(Coding.class);
    for (int i = 0; i < 4000; i++) {
      Coding coding = once(GroupKind.SOME);
      if (i >= 3000) {
        counts.merge(coding, 1, Integer::sum);
      }
    }
    return counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  /** One group; returns what the last of its pages were coded with. */
  private Coding once(GroupKind kind) {
    Coding last = Coding.PLAIN;
    int done = 0;
    while (done < GROUP) {
      CodingChooser.Choice choice = chooser.choose(kind, GROUP - done);
      last = choice.coding();
      int pages = choice.pages();
      Made of = made.getOrDefault(last, new Made(0, 0));
      chooser.measured(kind, last, pages, of.bytes() * pages, of.nanos() * pages);
      spent += pages * prices.of((double) of.bytes(), (double) of.nanos() * last.bothEnds());
      done += pages;
    }
    return last;
  }
}
