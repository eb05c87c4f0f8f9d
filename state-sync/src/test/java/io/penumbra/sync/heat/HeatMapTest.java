package io.penumbra.sync.heat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HeatMapTest {

  @Test
  void aTouchIsWorthHalfAfterAHalfLife() {
    HeatMap map = new HeatMap(10, 8);
    map.touch(3, 100);
    map.touch(3, 100);

    assertThat(map.heat(3, 100)).isEqualTo(2, within(1e-9));
    assertThat(map.heat(3, 108)).isEqualTo(1, within(1e-9));
    map.touch(3, 108);
    assertThat(map.heat(3, 108)).isEqualTo(2, within(1e-9));
    assertThat(map.heat(4, 108)).isZero();
    assertThat(map.touched(4)).isFalse();
  }

  @Test
  void ordersPagesAsPlainSumsWould() {
    for (int seed = 0; seed < 100; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double halfLife = random.nextDouble(1, 20);
      HeatMap map = new HeatMap(50, halfLife);
      double[] sums = new double[50];
      int now = 300;
      for (int epoch = 0; epoch <= now; epoch += random.nextInt(1, 10)) {
        for (int i = random.nextInt(10); i > 0; i--) {
          int page = random.nextInt(45);
          map.touch(page, epoch);
          sums[page] += Math.pow(2, (epoch - now) / halfLife);
        }
      }
      int[] pages = IntStream.range(0, 50).toArray();
      map.hottestFirst(pages, 50);

      for (int i = 1; i < 50; i++) {
        assertThat(sums[pages[i]])
            .as("seed %d", seed)
            .isLessThanOrEqualTo(sums[pages[i - 1]] * 1.001 + 1e-12);
        assertThat(map.heat(pages[i], now)).isEqualTo(sums[pages[i]], within(1e-9));
      }
    }
  }

  @Test
  void equalsAreOrderedByNumberAndNeverTouchedComesLast() {
    HeatMap map = new HeatMap(5, 4);
    map.touch(4, 1);
    map.touch(2, 1);
    int[] pages = {0, 4, 3, 2, 1};
    map.hottestFirst(pages, 5);
    assertThat(pages).containsExactly(2, 4, 0, 1, 3);

    int[] some = {3, 4, 0};
    map.hottestFirst(some, 2);
    assertThat(some).containsExactly(4, 3, 0);
  }

  @Test
  void staysExactForLongLives() {
    HeatMap map = new HeatMap(1, 2);
    for (long epoch = 0; epoch < 1_000_000; epoch++) {
      map.touch(0, epoch);
    }
    assertThat(map.heat(0, 999_999)).isEqualTo(1 / (1 - Math.sqrt(0.5)), within(1e-6));
  }

  @Test
  void refusesAHalfLifeThatIsNone() {
    assertThatThrownBy(() -> new HeatMap(1, 0))
        .hasMessage("half-life in epochs is 0.0; expected more than 0");
  }

  @Test
  void sortsByHeatWhateverTheAge() {
    SplittableRandom random = new SplittableRandom(5);
    HeatMap map = new HeatMap(1_000, 30);
    List<Integer> order = new ArrayList<>();
    for (int page : random.ints(0, 1_000).distinct().limit(1_000).toArray()) {
      order.add(page);
    }
    for (int i = 0; i < order.size(); i++) {
      map.touch(order.get(i), 10_000 + i);
    }
    int[] pages = IntStream.range(0, 1_000).toArray();
    map.hottestFirst(pages, 1_000);
    assertThat(IntStream.of(pages).boxed().toList()).isEqualTo(order.reversed());
  }
}
