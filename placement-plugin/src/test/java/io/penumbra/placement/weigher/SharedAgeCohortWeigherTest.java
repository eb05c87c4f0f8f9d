package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.placement.fleet.SmallFleet;
import org.junit.jupiter.api.Test;

class SharedAgeCohortWeigherTest {

  @Test
  void scoresOneForTheSameQuarterAndCountsAgainstThePair() {
    SmallFleet fleet = new SmallFleet().host("a").host("b");
    SharedAgeCohortWeigher weigher = new SharedAgeCohortWeigher();

    assertThat(weigher.shared(fleet.view("a"), fleet.view("a"))).isEqualTo(1);
    assertThat(weigher.shared(fleet.view("a"), fleet.view("b"))).isZero();
    assertThat(weigher.defaultMultiplier()).isNegative();
  }
}
