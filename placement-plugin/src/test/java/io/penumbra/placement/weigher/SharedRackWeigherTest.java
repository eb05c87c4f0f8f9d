package io.penumbra.placement.weigher;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.fleet.Location;
import io.penumbra.placement.fleet.SmallFleet;
import org.junit.jupiter.api.Test;

class SharedRackWeigherTest {

  @Test
  void scoresOneWhenSharedAndCountsAgainstThePair() {
    SmallFleet fleet =
        new SmallFleet()
            .host("a", new Location("z1", "f1", "r", "c1"))
            .host("b", new Location("z2", "f2", "r", "c2"))
            .host("c");
    SharedRackWeigher weigher = new SharedRackWeigher();

    assertThat(weigher.shared(fleet.view("a"), fleet.view("b"))).isEqualTo(1);
    assertThat(weigher.shared(fleet.view("a"), fleet.view("c"))).isZero();
    assertThat(weigher.defaultMultiplier()).isNegative();
  }
}
