package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.fleet.Location;
import io.penumbra.placement.fleet.SmallFleet;
import org.junit.jupiter.api.Test;

class SharedPowerFeedWeigherTest {

  @Test
  void scoresOneWhenSharedAndCountsAgainstThePair() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a", new Location("z1", "f", "r1", "c1"))
            .host("b", new Location("z2", "f", "r2", "c2"))
            .host("c");
    SharedPowerFeedWeigher weigher = new SharedPowerFeedWeigher();

    assertThat(weigher.shared(fleet.view("a"), fleet.view("b"))).isEqualTo(1);
    assertThat(weigher.shared(fleet.view("a"), fleet.view("c"))).isZero();
    assertThat(weigher.defaultMultiplier()).isNegative();
  }
}
