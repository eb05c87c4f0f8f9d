package io.penumbra.simulator.chance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SeedsTest {

  private final Seeds seeds = new Seeds(42);

  @Test
  void sameNameGivesTheSameStreamAndAnotherNameAnother() {
    assertThat(seeds.stream("hardware").nextLong()).isEqualTo(seeds.stream("hardware").nextLong());
    assertThat(seeds.of("hardware")).isNotEqualTo(seeds.of("workload"));
    assertThat(seeds.of("hardware", 1)).isNotEqualTo(seeds.of("hardware", 2));
    assertThat(seeds.of("hardware")).isNotEqualTo(new Seeds(43).of("hardware"));
  }

  @Test
  void staysTheSameFromReleaseToRelease() {
    assertThat(new Seeds(1).of("hardware")).isEqualTo(SEED_1_HARDWARE);
  }

  @Test
  void uniformsOfNeighbouringMembersAreSpreadEvenly() {
    int[] tenths = new int[10];
    for (int member = 0; member < 100_000; member++) {
      tenths[(int) (seeds.uniform("spread", member) * 10)]++;
    }
    assertThat(Arrays.stream(tenths).boxed())
        .allSatisfy(count -> assertThat(count).isBetween(9_700, 10_300));
  }

  @Test
  void streamsOfNeighbouringMembersDoNotMoveTogether() {
    int n = 20_000;
    double product = 0;
    for (int member = 0; member < n; member++) {
      product +=
          (seeds.stream("walk", member).nextDouble() - 0.5)
              * (seeds.stream("walk", member + 1).nextDouble() - 0.5);
    }
    // Correlation of independent uniforms: 0 with deviation 1/sqrt(n).
    assertThat(product / n * 12).isBetween(-0.03, 0.03);
  }

  private static final long SEED_1_HARDWARE = 208407811281463455L;
}
